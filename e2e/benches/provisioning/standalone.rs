//! The standalone API as a process of its own: this program, started again.

use std::{path::Path, time::Duration};

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use plexica_standalone::{Config, EncryptionKey, Tls, Token, serve};
use plexica_testkit::postgres::Database;
use serde_json::json;
use sqlx::postgres::PgPoolOptions;
use tokio::{
    process::Command,
    signal::unix::{SignalKind, signal},
};
use tokio_util::sync::CancellationToken;

use crate::{
    outcome::{Result, failed},
    program::Program,
};

/// First argument of such a process.
pub const ARGUMENT: &str = "standalone-api";
const URL: &str = "PLEXICA_BENCH_DATABASE_URL";
const SECRET: &str = "secret-of-the-bench";
const START: Duration = Duration::from_secs(20);

/// Starts it on the database; its kubeconfig is in the folder then.
pub async fn start(database: &Database, folder: &Path) -> Result<Program> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(ARGUMENT).arg(folder).env(URL, database.url().as_str());
    let program = Program::start(&mut command, &folder.join("log"))?;
    let wait = async {
        while !folder.join("kubeconfig").exists() {
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    };
    if tokio::time::timeout(START, wait).await.is_err() {
        let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
        return failed(format!("the standalone API is not there after {START:?}: {log}"));
    }
    Ok(program)
}

/// Serves until SIGTERM.
pub async fn run(folder: Option<String>) -> Result<()> {
    let Some(folder) = folder else { return failed("name a folder") };
    let folder = Path::new(&folder);
    let mut terminate = signal(SignalKind::terminate())?;
    let config = Config {
        pool: PgPoolOptions::new().max_connections(16).connect(&std::env::var(URL)?).await?,
        listen: ([127, 0, 0, 1], 0).into(),
        tls: Tls::load_or_create(&folder.join("tls"), &["127.0.0.1".into()])?,
        crds: vec![definition()?],
        tokens: vec![Token::new("admin", SECRET, vec!["system:masters".into()], Vec::new())],
        encryption_key: EncryptionKey::load_or_create(&folder.join("encryption.key"))?,
    };
    let stop = CancellationToken::new();
    let server = serve(config, stop.clone()).await?;
    // Its being there is what is waited for, so it is there at once or not at all.
    let unfinished = folder.join("kubeconfig.new");
    std::fs::write(&unfinished, server.kubeconfig("admin", SECRET))?;
    std::fs::rename(unfinished, folder.join("kubeconfig"))?;
    terminate.recv().await;
    stop.cancel();
    server.join.await?;
    Ok(())
}

/// The small kind that is written.
pub fn definition() -> Result<CustomResourceDefinition> {
    Ok(serde_json::from_value(json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": { "name": "items.bench.plexica.io" },
        "spec": {
            "group": "bench.plexica.io", "scope": "Namespaced",
            "names": { "kind": "Item", "plural": "items", "singular": "item" },
            "versions": [{ "name": "v1", "served": true, "storage": true, "schema": { "openAPIV3Schema": {
                "type": "object", "required": ["spec"],
                "properties": { "spec": { "type": "object", "required": ["size"], "properties": {
                    "size": { "type": "integer", "minimum": 0 },
                    "note": { "type": "string", "maxLength": 80, "default": "small" },
                } } },
            } } }],
        },
    }))?)
}
