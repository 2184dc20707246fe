//! What all requests share.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use kube::Client;
use plexica_contract::token::{Audience, PublicKeys, Verifier};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::{Config, kubernetes::Catalog};

/// As handlers get it.
pub type Shared = Arc<State>;

/// What all requests share.
pub struct State {
    /// The Kubernetes API, or standalone's.
    pub client: Client,
    /// The platform's namespace.
    pub namespace: String,
    /// Postgres, as `plexica_core_api`.
    pub database: PgPool,
    /// Resources, kept up to date.
    pub catalog: Catalog,
    installation: String,
    keys: ArcSwapOption<Keys>,
}

#[derive(Debug)]
struct Keys {
    public: PublicKeys,
    verifier: Verifier,
}

impl State {
    /// Knows no keys yet.
    pub fn new(config: &Config, client: Client, database: PgPool, catalog: Catalog) -> Self {
        Self {
            client,
            namespace: config.common.namespace.clone(),
            database,
            catalog,
            installation: config.common.installation.clone(),
            keys: ArcSwapOption::empty(),
        }
    }

    /// Platform tokens must be signed with one of these from now on.
    pub fn trust(&self, public: PublicKeys) {
        let verifier = Verifier::new(&self.installation, &Audience::CoreApi, &public);
        self.keys.store(Some(Arc::new(Keys { public, verifier })));
    }

    /// Checks platform tokens; none before the keys were read.
    pub fn verifier(&self) -> Option<Verifier> {
        self.keys.load().as_ref().map(|keys| keys.verifier.clone())
    }

    /// The platform's public keys; none before they were read.
    pub fn public_keys(&self) -> Option<PublicKeys> {
        self.keys.load().as_ref().map(|keys| keys.public.clone())
    }

    /// Whether the service is to stop: waiting requests answer then.
    pub fn stopping(&self) -> CancellationToken {
        self.catalog.shutdown()
    }
}
