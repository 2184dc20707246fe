//! Postgres, as `plexica_core_api`.

use std::time::Duration;

use plexica_service::{Gate, Tasks};
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::{Config, state::Shared};

/// How long a request waits for a connection.
const ACQUIRE: Duration = Duration::from_secs(3);
/// How often a database that is not there is asked again.
const RETRY: Duration = Duration::from_secs(1);
/// The most connections.
const CONNECTIONS: u32 = 5;

/// The database's URL is none of Postgres. It is not repeated: it holds a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("DATABASE_URL must be a URL such as postgres://plexica_core_api:…@host/plexica?sslmode=verify-full")]
pub struct DatabaseUrlError;

/// A pool that connects when it is needed.
pub fn pool(config: &Config) -> Result<PgPool, DatabaseUrlError> {
    // sqlx keeps the URL in its error.
    let mut options: PgConnectOptions = config.database_url.reveal().parse().map_err(|_| DatabaseUrlError)?;
    if let Some(bundle) = &config.common.ca_bundle {
        options = options.ssl_root_cert(bundle);
    }
    let pool = PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(ACQUIRE);
    Ok(pool.connect_lazy_with(options.application_name("plexica-core-api")))
}

/// Opens the gate when the database first answers.
pub fn await_it(tasks: &Tasks, state: Shared, gate: Gate) {
    let shutdown = tasks.shutdown();
    tasks.spawn("the database's watch", async move {
        let connect = async {
            while let Err(error) = state.database.acquire().await {
                tracing::warn!(%error, "the database does not answer; it is asked again");
                tokio::time::sleep(RETRY).await;
            }
            gate.open();
        };
        shutdown.run_until_cancelled(connect).await;
        // A task that ends ends the service.
        shutdown.cancelled().await;
    });
}

/// The SHA-256 digests of a credential's passwords: two while two versions of a plugin run.
pub async fn credential_digests(pool: &PgPool, username: &str) -> Result<Vec<Vec<u8>>, sqlx::Error> {
    sqlx::query_scalar("SELECT sha256 FROM core.plugin_credential WHERE username = $1")
        .bind(username)
        .fetch_all(pool)
        .await
}
