//! `plexica standalone serve`: the API itself.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use plexica_service::program::{self, Signals};
use plexica_standalone::{Config, EncryptionKey, Tls, serve};
use sqlx::postgres::PgPoolOptions;

use super::{
    Error, read,
    rights::{self, Tokens},
};

/// Calls that are at the database at the same time; the rest wait.
const CONNECTIONS: u32 = 16;

#[derive(Debug, clap::Args)]
pub struct Options {
    /// Where to listen.
    #[arg(long, env = "PLEXICA_API_LISTEN", default_value = "0.0.0.0:6443")]
    listen: SocketAddr,
    /// Names and addresses of its certificate.
    #[arg(
        long = "name",
        env = "PLEXICA_API_NAMES",
        value_delimiter = ',',
        default_value = "standalone,localhost,127.0.0.1"
    )]
    names: Vec<String>,
    /// Folder with what `plexica standalone init` made for it.
    #[arg(long, default_value = super::healthcheck::FOLDER)]
    folder: PathBuf,
}

/// Runs until a signal says otherwise.
pub async fn run(options: Options) -> Result<(), Error> {
    program::logs();
    let Signals { stop, now } = program::signals().map_err(Error::file(&options.folder))?;
    let Options { listen, names, folder } = options;
    let url = read(&folder.join("database-url"))?;
    let pool = PgPoolOptions::new().max_connections(CONNECTIONS).connect(&url).await?;
    let key = folder.join("encryption.key");
    let config = Config {
        pool,
        listen,
        tls: Tls::load_or_create(&folder, &names)?,
        crds: plexica_crds::all(),
        tokens: rights::tokens(&tokens(&folder.join("tokens.json"))?),
        encryption_key: EncryptionKey::load_or_create(&key).map_err(Error::file(&key))?,
    };
    let server = serve(config, stop.clone()).await?;
    tracing::info!(addr = %server.addr, "started");
    tokio::select! {
        _ = server.join => if stop.is_cancelled() { Ok(()) } else { Err(Error::Ended) },
        () = now.cancelled() => Ok(()),
    }
}

fn tokens(path: &Path) -> Result<Tokens, Error> {
    let reason = "it has no tokens as `plexica standalone init` writes them";
    serde_json::from_str(&read(path)?).map_err(|_| Error::Secret { path: path.to_owned(), reason })
}
