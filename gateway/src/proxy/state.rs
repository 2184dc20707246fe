//! What all requests share.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use hyper_util::{
    client::legacy::Client,
    rt::{TokioExecutor, TokioTimer},
};
use plexica_contract::token::Minter;

use super::{body::RequestBody, connect::Connector, rate::Rates};
use crate::{
    Limits,
    metrics::Metrics,
    snapshot::{Snapshot, Upstream},
    token::KeyStore,
};

/// What all requests share. Each takes the snapshot once, at its beginning.
#[derive(Debug)]
pub struct State {
    /// Issuers and routes; none before the first sync.
    pub snapshot: ArcSwapOption<Snapshot>,
    /// Signs platform tokens; none before the key was read.
    pub minter: ArcSwapOption<Minter>,
    /// Realms' keys.
    pub keys: Arc<KeyStore>,
    /// Where the core API is.
    pub core_api: Upstream,
    /// How fast tenants' requests may come.
    pub rates: Rates,
    /// How much and how long.
    pub limits: Limits,
    /// What `/metrics` tells.
    pub metrics: Metrics,
    pub(super) client: Client<Connector, RequestBody>,
    /// Opens a connection for each request.
    pub(super) fresh: Client<Connector, RequestBody>,
}

impl State {
    /// Knows nothing yet.
    pub fn new(keys: Arc<KeyStore>, core_api: Upstream, limits: Limits, metrics: Metrics) -> Self {
        let connector = Connector::new(limits.connect_timeout);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(std::time::Duration::from_secs(30))
            .build(connector.clone());
        let fresh = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector);
        Self {
            snapshot: ArcSwapOption::empty(),
            minter: ArcSwapOption::empty(),
            keys,
            core_api,
            rates: Rates::default(),
            limits,
            metrics,
            client,
            fresh,
        }
    }
}
