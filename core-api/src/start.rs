//! Starting it all.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use kube::Client;
use plexica_service::{Readiness, Running, Tasks, observability};
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    Config,
    database::{self, DatabaseUrlError},
    http::{Metrics, routes},
    kubernetes::{Catalog, keys},
    state::{Shared, State},
};

/// The longest that requests under way may take when it stops.
const DRAIN: Duration = Duration::from_secs(20);

/// The longest that the database's connections may take to close after that.
const CLOSE: Duration = Duration::from_secs(3);

/// Why the core API does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address cannot be bound.
    #[error("cannot listen on {addr}")]
    Listen {
        /// Which.
        addr: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The database's URL is none of Postgres.
    #[error(transparent)]
    DatabaseUrl(#[from] DatabaseUrlError),
}

/// Starts the core API: binds its sockets, then follows resources and keys in the background.
/// `/readyz` says what is missing until they and the database are there.
///
/// # Errors
/// [`StartError`] for what will not get better by waiting.
pub async fn start(config: Config, client: Client, shutdown: CancellationToken) -> Result<Running, StartError> {
    let tasks = Tasks::new(&shutdown);
    let readiness = Readiness::default();
    let database = database::pool(&config)?;
    let catalog = Catalog::follow(&tasks, &client, readiness.gate("resources"));
    let mut registry = Registry::default();
    let metrics = Metrics::new(&mut registry);
    let state: Shared = Arc::new(State::new(&config, client.clone(), database, catalog));

    let listen = config.common.metrics_listen;
    let failed = |addr| move |source| StartError::Listen { addr, source };
    let keys_gate = readiness.gate("public keys");
    let database_gate = readiness.gate("database");
    let metrics_addr = observability::serve(&tasks, listen, readiness, registry).await.map_err(failed(listen))?;
    let listener = TcpListener::bind(config.listen).await.map_err(failed(config.listen))?;
    let addr = listener.local_addr().map_err(failed(config.listen))?;

    keys::follow(&tasks, &client, &config.common.namespace, state.clone(), keys_gate);
    database::await_it(&tasks, state.clone(), database_gate);
    let app = routes().into_service(state.clone(), metrics);
    let (stopping, delay) = (tasks.shutdown(), config.shutdown_delay);
    tasks.spawn("the API's listener", async move {
        serve(listener, app, stopping, delay).await;
        // Not before: what is being answered may need it. Nor for long: what is not answered by now
        // keeps its connection.
        if tokio::time::timeout(CLOSE, state.database.close()).await.is_err() {
            tracing::warn!("connections to the database were still in use and are left to it");
        }
    });
    Ok(tasks.running(addr, metrics_addr))
}

/// Serves until it is to stop and a while longer, then lets what is being answered finish.
async fn serve(listener: TcpListener, app: Router, stopping: CancellationToken, delay: Duration) {
    let told = stopping.clone();
    let served = axum::serve(listener, app).with_graceful_shutdown(async move {
        told.cancelled().await;
        tokio::time::sleep(delay).await;
    });
    let out_of_time = async {
        stopping.cancelled().await;
        tokio::time::sleep(delay + DRAIN).await;
    };
    tokio::select! {
        served = served => if let Err(error) = served {
            tracing::error!(%error, "the API's listener failed");
        },
        () = out_of_time => tracing::warn!("requests were still under way when the time to end them was over"),
    }
}
