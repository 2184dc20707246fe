//! The listener of `/healthz`, `/readyz` and `/metrics`, apart from the service's own.

use std::{io, net::SocketAddr, sync::Arc};

use axum::{
    Router, extract::State, http::StatusCode, http::header::CONTENT_TYPE, response::IntoResponse, routing::get,
};
use prometheus_client::{encoding::text::encode, registry::Registry};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{Readiness, Tasks};

/// What the text of `/metrics` is.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Binds the listener and serves it until all of the service's tasks have ended. From the moment it
/// is to stop, `/readyz` says so.
///
/// # Errors
/// When the address cannot be bound.
pub async fn serve(
    tasks: &Tasks,
    listen: SocketAddr,
    readiness: Readiness,
    registry: Registry,
) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(listen).await?;
    let addr = listener.local_addr()?;
    let app = Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready).with_state((readiness, tasks.shutdown())))
        .route("/metrics", get(metrics).with_state(Arc::new(registry)));
    tasks.spawn_last("the observability listener", |end| async move {
        if let Err(error) = axum::serve(listener, app).with_graceful_shutdown(end.cancelled_owned()).await {
            tracing::error!(%error, "the observability listener failed");
        }
    });
    Ok(addr)
}

async fn ready(State((readiness, shutdown)): State<(Readiness, CancellationToken)>) -> impl IntoResponse {
    if shutdown.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n".to_owned());
    }
    let waiting = readiness.waiting_for();
    if waiting.is_empty() {
        (StatusCode::OK, "ready\n".to_owned())
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, format!("waiting for {}\n", waiting.join(", ")))
    }
}

async fn metrics(State(registry): State<Arc<Registry>>) -> impl IntoResponse {
    let mut text = String::new();
    match encode(&mut text, &registry) {
        Ok(()) => (StatusCode::OK, [(CONTENT_TYPE, OPEN_METRICS)], text),
        Err(error) => {
            tracing::error!(%error, "metrics cannot be written as text");
            (StatusCode::INTERNAL_SERVER_ERROR, [(CONTENT_TYPE, "text/plain")], String::new())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus_client::metrics::counter::Counter;
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn health_readiness_and_metrics() {
        rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
        let shutdown = CancellationToken::new();
        let tasks = Tasks::new(&shutdown);
        let readiness = Readiness::default();
        let gate = readiness.gate("keys");
        let mut registry = Registry::default();
        let counter: Counter = Counter::default();
        registry.register("requests", "Requests seen", counter.clone());
        counter.inc();
        let addr = serve(&tasks, ([127, 0, 0, 1], 0).into(), readiness, registry).await.unwrap();
        let (finish, finished) = oneshot::channel();
        tasks.spawn("what has to be finished", async move { finished.await.unwrap() });
        let running = tasks.running(addr, addr);

        let get = async |path: &str| {
            let answer = reqwest::get(format!("http://{addr}{path}")).await.unwrap();
            (answer.status().as_u16(), answer.text().await.unwrap())
        };
        assert_eq!(get("/healthz").await.0, 200);
        assert_eq!(get("/readyz").await, (503, "waiting for keys\n".into()));
        gate.open();
        assert_eq!(get("/readyz").await, (200, "ready\n".into()));
        assert!(get("/metrics").await.1.contains("requests_total 1"));

        shutdown.cancel();
        assert_eq!(get("/readyz").await, (503, "stopping\n".into()), "while others are at work");
        finish.send(()).unwrap();
        assert_eq!(running.stopped().await, Ok(()));
        assert!(reqwest::get(format!("http://{addr}/healthz")).await.is_err());
    }
}
