//! Who is calling, where it goes, and the token for there.

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use http::HeaderMap;
use plexica_contract::token::Audience;
use uuid::Uuid;

use super::State;
use crate::{
    answer::{Refusal, refusal},
    path::Target,
    snapshot::{Realm, Snapshot, Upstream},
    token::{self, AuthError, Caller},
};

/// A request that may go on.
pub struct Admitted {
    pub caller: Caller,
    pub upstream: Upstream,
    /// The path at the upstream.
    pub path: String,
    /// What was stripped from the path.
    pub prefix: Option<String>,
    /// The platform token for the receiver.
    pub token: String,
    /// The receiver, for metrics: one of few.
    pub target: String,
}

/// Who is calling.
pub async fn authenticate(
    state: &State,
    snapshot: &Snapshot,
    headers: &HeaderMap,
) -> Result<(Caller, Arc<Realm>), Refusal> {
    let verified = match token::bearer(headers) {
        Ok(token) => token::verify(token, snapshot, &state.keys).await,
        Err(error) => Err(error),
    };
    verified.map_err(|error| {
        tracing::info!(%error, "token refused");
        state.metrics.refused(error.reason());
        match error {
            AuthError::KeysUnavailable => refusal::IDENTITY,
            _ => refusal::UNAUTHENTICATED,
        }
    })
}

/// Where the caller's request goes, with which rights. What the caller's tenant has not installed
/// is not there.
pub fn admit(state: &State, snapshot: &Snapshot, caller: Caller, target: Target) -> Result<Admitted, Refusal> {
    let (audience, upstream, path, prefix, permissions) = match target {
        Target::CoreApi { path } => (Audience::CoreApi, state.core_api.clone(), path, None, Vec::new()),
        Target::Plugin { id, path } => {
            let tenant = caller.tenant.as_ref().ok_or(refusal::NOT_FOUND)?;
            let route = snapshot.route(tenant, &id).ok_or(refusal::NOT_FOUND)?;
            let permissions = route.permissions(&caller.roles);
            let prefix = plexica_contract::path::plugin_route(&id);
            (Audience::Plugin(id), route.upstream.clone(), path, Some(prefix), permissions)
        }
    };
    let minter = state.minter.load_full().ok_or(refusal::STARTING)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let name = audience.to_string();
    let token = minter
        .mint(audience, caller.tenant.clone(), caller.subject(permissions), None, Uuid::new_v4().to_string(), now)
        .map_err(|error| {
            tracing::error!(%error, "no platform token");
            refusal::INTERNAL
        })?;
    Ok(Admitted { caller, upstream, path, prefix, token, target: name })
}
