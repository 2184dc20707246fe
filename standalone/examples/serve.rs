//! Serves the API of `DATABASE_URL` with the definitions in the YAML files named, and writes a
//! kubeconfig: `cargo run -p plexica-standalone --example serve -- FOLDER CRD.yaml…`

use std::error::Error;
use std::path::Path;

use plexica_standalone::{Config, EncryptionKey, Tls, Token, serve};
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("name a folder")?;
    let folder = Path::new(&folder);
    let mut crds = plexica_crds::all();
    for file in arguments {
        crds.push(serde_saphyr::from_str(&std::fs::read_to_string(file)?)?);
    }
    let listen = std::env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:0".into());
    let secret = "admin-secret";
    let masters = vec!["system:masters".to_owned()];
    let config = Config {
        pool: sqlx::PgPool::connect(&std::env::var("DATABASE_URL")?).await?,
        listen: listen.parse()?,
        tls: Tls::load_or_create(&folder.join("tls"), &["127.0.0.1".into(), "localhost".into()])?,
        crds,
        tokens: vec![Token::new("admin", secret, masters, Vec::new())],
        encryption_key: EncryptionKey::load_or_create(&folder.join("secrets.key"))?,
    };
    let stop = CancellationToken::new();
    let server = serve(config, stop.clone()).await?;
    std::fs::write(folder.join("kubeconfig"), server.kubeconfig("admin", secret))?;
    println!("https://{}", server.addr);
    tokio::signal::ctrl_c().await?;
    stop.cancel();
    server.join.await?;
    Ok(())
}
