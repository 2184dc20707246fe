//! Starting it all.

use std::sync::Arc;

use kube::Client;
use plexica_service::{Readiness, Running, Tasks, observability, trust};
use prometheus_client::registry::Registry;
use tokio_util::sync::CancellationToken;

use crate::{
    Config,
    error::StartError,
    feed::Feed,
    listener::{self, Certificate},
    metrics::Metrics,
    proxy::State,
    snapshot::Upstream,
    token::{Fetcher, KeyStore},
    watch::{follow_resources, follow_signing_key},
};

/// Starts the gateway: binds its sockets, then follows the resources in the background. Until they
/// and the signing key are there, requests are answered 503 and `/readyz` says what is missing.
///
/// # Errors
/// [`StartError`] for what will not get better by waiting.
pub async fn start(config: Config, client: Client, shutdown: CancellationToken) -> Result<Running, StartError> {
    let namespace = config.common.namespace.clone();
    launch(config, shutdown, |tasks, feed| {
        follow_signing_key(tasks, &client, &namespace, feed.clone());
        follow_resources(tasks, &client, namespace, feed);
    })
    .await
}

/// As [`start`], for snapshots and keys from elsewhere: `follow` is called once everything is
/// bound, and whatever feeds the gateway from then on is one of its tasks.
///
/// # Errors
/// [`StartError`]
pub async fn launch(
    config: Config,
    shutdown: CancellationToken,
    follow: impl FnOnce(&Tasks, Feed),
) -> Result<Running, StartError> {
    let mut registry = Registry::default();
    let metrics = Metrics::new(&mut registry);
    let limits = config.limits.clone();
    let http = trust::http_client_of(&config.keycloak_url, config.common.ca_bundle.as_deref())?;
    let fetcher = Fetcher::new(http, config.keycloak_url.clone())?;
    let keys = KeyStore::new(fetcher, limits.keys_min_interval, limits.keys_max_age, metrics.fetches.clone());
    let core_api = Upstream::parse(config.core_api_url.as_str())?;
    let certificate = Certificate::load(&config)?;
    let state = Arc::new(State::new(Arc::new(keys), core_api, limits, metrics));

    let tasks = Tasks::new(&shutdown);
    let readiness = Readiness::default();
    let feed = Feed::new(state.clone(), config.common.installation, &readiness);
    let listen = config.common.metrics_listen;
    let metrics_addr = observability::serve(&tasks, listen, readiness, registry)
        .await
        .map_err(|source| StartError::Listen { addr: listen, source })?;
    if let Some(certificate) = &certificate {
        certificate.watch(&tasks);
    }
    let addr = listener::serve(&tasks, config.listen, certificate, state).await?;
    follow(&tasks, feed);
    Ok(tasks.running(addr, metrics_addr))
}
