//! The core API, which tells plugins of their tenants; past the proxies, and in nobody's way.

use kube::Client;
use plexica_core_api::Config;
use plexica_service::{Common, Running};
use plexica_testkit::postgres::Database;
use sqlx::{AssertSqlSafe, Executor};
use tokio_util::sync::{CancellationToken, DropGuard};

const PASSWORD: &str = "core-api-of-a-fault-run";

/// How long it may take to end.
const ENDS: std::time::Duration = std::time::Duration::from_secs(5);

/// It serves until this is dropped.
#[derive(Debug)]
pub struct CoreApi {
    running: Running,
    stops: DropGuard,
}

impl CoreApi {
    /// Starts it for the platform of that name. It waits for what the operator makes by itself.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start(name: &str, client: &Client, database: &Database) -> Self {
        let config = Config {
            common: Common {
                installation: name.into(),
                namespace: format!("{name}-system"),
                metrics_listen: ([127, 0, 0, 1], 0).into(),
                ca_bundle: None,
            },
            listen: ([127, 0, 0, 1], 0).into(),
            database_url: login(database).await,
            shutdown_delay: std::time::Duration::ZERO,
        };
        let stop = CancellationToken::new();
        let running = plexica_core_api::start(config, client.clone(), stop.clone()).await.unwrap();
        Self { running, stops: stop.drop_guard() }
    }

    /// Ends it, and waits for that for a while: a connection of a plugin that is not gone yet may stay longer.
    pub async fn stop(self) {
        drop(self.stops);
        // What ended before it was to has said so.
        let _ended = tokio::time::timeout(ENDS, self.running.stopped()).await;
    }

    /// Where plugins reach it.
    pub fn url(&self) -> String {
        format!("http://{}", self.running.addr)
    }
}

/// A login of its own in this database: the role is the same in all databases of the server.
async fn login(database: &Database) -> plexica_contract::Secret {
    let mut superuser = database.connect().await;
    let role = "DO $$ BEGIN CREATE ROLE plexica_core_api LOGIN; \
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$";
    superuser.execute(role).await.unwrap();
    let login = database.unique("coreapi");
    let create = format!(r#"CREATE ROLE "{login}" LOGIN PASSWORD '{PASSWORD}' IN ROLE plexica_core_api"#);
    superuser.execute(AssertSqlSafe(create)).await.unwrap();
    plexica_contract::Secret::new(database.url_as(&login, PASSWORD))
}
