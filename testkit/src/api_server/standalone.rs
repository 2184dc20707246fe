//! The standalone API within the process of the tests.

use std::path::{Path, PathBuf};

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use plexica_standalone::{Config, EncryptionKey, Tls, Token, serve};
use sqlx::postgres::PgPoolOptions;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::postgres::Database;

const ADMINISTRATOR: &str = "admin";
const SECRET: &str = "secret-of-the-administrator";

/// A server that ends with the value, and its database after it.
#[derive(Debug)]
pub struct Running {
    /// The administrator's kubeconfig.
    pub kubeconfig: PathBuf,
    /// Of its own: a test may hold up its thread, and is answered nevertheless.
    runtime: Option<Runtime>,
    stop: CancellationToken,
    _folder: TempDir,
    _database: Database,
}

impl Running {
    /// Starts one that serves the definitions.
    pub async fn start(database: Database, definitions: Vec<CustomResourceDefinition>) -> Self {
        crate::tls();
        let folder = tempfile::tempdir().expect("a folder");
        let runtime = Builder::new_multi_thread().worker_threads(2).thread_name("standalone").enable_all().build();
        let runtime = runtime.expect("a runtime");
        let stop = CancellationToken::new();
        let (url, place, stopped) = (database.url().to_string(), folder.path().to_owned(), stop.clone());
        let (tell, told) = oneshot::channel();
        runtime.spawn(async move {
            // An error means that who waits has given up.
            let _told = tell.send(run(&url, &place, definitions, stopped).await);
        });
        let kubeconfig = told.await.expect("a server that starts");
        Self { kubeconfig, runtime: Some(runtime), stop, _folder: folder, _database: database }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn run(url: &str, folder: &Path, crds: Vec<CustomResourceDefinition>, stop: CancellationToken) -> PathBuf {
    let config = Config {
        pool: PgPoolOptions::new().max_connections(8).connect(url).await.expect("Postgres answers"),
        listen: ([127, 0, 0, 1], 0).into(),
        tls: Tls::load_or_create(&folder.join("tls"), &["127.0.0.1".into()]).expect("certificates"),
        crds,
        tokens: vec![Token::new(ADMINISTRATOR, SECRET, vec!["system:masters".into()], Vec::new())],
        encryption_key: EncryptionKey::load_or_create(&folder.join("encryption.key")).expect("a key"),
    };
    let server = serve(config, stop).await.expect("a server");
    let kubeconfig = folder.join("kubeconfig");
    std::fs::write(&kubeconfig, server.kubeconfig(ADMINISTRATOR, SECRET)).expect("a file");
    kubeconfig
}
