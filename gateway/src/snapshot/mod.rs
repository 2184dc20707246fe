//! What the gateway knows, built anew from the resources after each change and never altered.

mod build;
mod realm;
mod route;
mod upstream;

pub use build::{Sources, build};
pub use realm::{Realm, is_allowed_origin};
pub use route::Route;
pub use upstream::{Upstream, UpstreamError};

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use plexica_contract::name::{PluginId, Slug};

/// Issuers and routes at one moment.
#[derive(Debug, Default)]
pub struct Snapshot {
    issuers: HashMap<String, Arc<Realm>>,
    routes: HashMap<Slug, HashMap<PluginId, Arc<Route>>>,
    domains: HashSet<String>,
}

impl Snapshot {
    /// Whose tokens these are: the issuer must be the same to the letter.
    pub fn realm(&self, issuer: &str) -> Option<&Arc<Realm>> {
        self.issuers.get(issuer)
    }

    /// All realms.
    pub fn realms(&self) -> impl Iterator<Item = &Arc<Realm>> {
        self.issuers.values()
    }

    /// Where a tenant's requests to a plugin go.
    pub fn route(&self, tenant: &Slug, plugin: &PluginId) -> Option<&Arc<Route>> {
        self.routes.get(tenant)?.get(plugin)
    }

    /// How many routes there are.
    pub fn route_count(&self) -> usize {
        self.routes.values().map(HashMap::len).sum()
    }

    /// Whether pages of this origin may call some tenant's APIs: all that can be said of a
    /// preflight, which carries no token.
    pub fn knows_origin(&self, origin: &str) -> bool {
        is_allowed_origin(origin, |domain| self.domains.contains(domain))
    }
}
