//! What reaches the requests from outside, and how the gateway becomes ready.

use std::{collections::HashSet, sync::Arc};

use plexica_contract::token::{Minter, SigningKey};
use plexica_service::{Gate, Readiness};

use crate::{proxy::State, snapshot::Snapshot};

/// Hands snapshots and signing keys to the requests. The gateway is ready when it had both.
#[derive(Clone, Debug)]
pub struct Feed {
    state: Arc<State>,
    installation: String,
    snapshot: Gate,
    signing_key: Gate,
}

impl Feed {
    pub(crate) fn new(state: Arc<State>, installation: String, readiness: &Readiness) -> Self {
        let (snapshot, signing_key) = (readiness.gate("resources"), readiness.gate("signing key"));
        Self { state, installation, snapshot, signing_key }
    }

    /// Requests from now on see this snapshot.
    pub fn publish(&self, snapshot: Snapshot) {
        let realms: HashSet<&str> = snapshot.realms().map(|realm| realm.name.as_str()).collect();
        self.state.keys.retain(&realms);
        self.state.rates.follow(&snapshot);
        self.state.metrics.realms.set(i64::try_from(realms.len()).unwrap_or(i64::MAX));
        self.state.metrics.routes.set(i64::try_from(snapshot.route_count()).unwrap_or(i64::MAX));
        self.state.snapshot.store(Some(Arc::new(snapshot)));
        self.snapshot.open();
    }

    /// Platform tokens from now on are signed with this key.
    pub fn sign_with(&self, key: SigningKey) {
        self.state.minter.store(Some(Arc::new(Minter::new(&self.installation, key))));
        self.signing_key.open();
    }
}
