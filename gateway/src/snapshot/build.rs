//! From resources to a snapshot.

use std::{
    collections::{HashMap, HashSet},
    hash::Hash,
    sync::Arc,
};

use kube::ResourceExt;
use plexica_contract::name::{PluginId, Slug};
use plexica_crds::{ConditionType, Plugin, PluginInstall, Tenant};

use super::{Realm, Route, Snapshot, Upstream};

/// Everything a snapshot is made of.
#[derive(Debug)]
pub struct Sources<'a> {
    /// The platform's own realm, once the operator has found it to be ours.
    pub platform: Option<Realm>,
    /// The platform's namespace, in which an install may name any tenant.
    pub namespace: &'a str,
    /// All tenants.
    pub tenants: &'a [Arc<Tenant>],
    /// The catalogue.
    pub plugins: &'a [Arc<Plugin>],
    /// All installs.
    pub installs: &'a [Arc<PluginInstall>],
}

/// Builds the snapshot. What is not complete (no issuer yet, not routed) is left out, and a tenant that is being
/// deleted; of what claims the same issuer, nothing is taken.
pub fn build(sources: &Sources<'_>) -> Snapshot {
    let tenants: HashMap<&str, (Slug, &Tenant)> = sources
        .tenants
        .iter()
        .filter(|tenant| tenant.metadata.deletion_timestamp.is_none())
        .filter_map(|tenant| {
            let name = tenant.metadata.name.as_deref()?;
            Some((name, (name.parse().ok()?, &**tenant)))
        })
        .collect();
    let realms = tenants.values().filter_map(|(slug, tenant)| realm(slug, tenant));
    let issuers = unambiguous(
        sources.platform.iter().cloned().chain(realms).map(|realm| (realm.issuer.clone(), realm)),
        |issuer| tracing::error!(issuer, "two realms have this issuer: its tokens are refused"),
    );
    let domains = issuers.values().flat_map(|realm| realm.domains.iter().cloned()).collect();
    Snapshot { issuers, routes: routes(sources, &tenants), domains }
}

fn realm(slug: &Slug, tenant: &Tenant) -> Option<Realm> {
    let status = tenant.status.as_ref()?;
    let identity = status.identity.as_ref()?;
    Some(Realm {
        name: identity.realm.clone(),
        issuer: identity.issuer.clone(),
        tenant: Some(slug.clone()),
        domains: tenant.spec.domains.iter().cloned().collect(),
        suspended: tenant.is_suspended(),
        rate_limits: status.plan.as_ref().and_then(|plan| plan.limits.rate_limits),
    })
}

fn routes(
    sources: &Sources<'_>,
    tenants: &HashMap<&str, (Slug, &Tenant)>,
) -> HashMap<Slug, HashMap<PluginId, Arc<Route>>> {
    let catalogue: HashMap<&str, &Plugin> =
        sources.plugins.iter().filter_map(|plugin| Some((plugin.metadata.name.as_deref()?, &**plugin))).collect();
    // Of two installs for one tenant and plugin the oldest wins, as in the operator.
    let mut installs: Vec<&PluginInstall> = sources.installs.iter().map(|install| &**install).collect();
    installs.sort_by_cached_key(|install| (install.creation_timestamp(), install.namespace(), install.name_any()));

    let mut routes: HashMap<Slug, HashMap<PluginId, Arc<Route>>> = HashMap::new();
    for install in installs {
        let Some((slug, tenant)) = tenants.get(install.spec.tenant_ref.name.as_str()) else { continue };
        if !may_name(install, tenant, sources.namespace) {
            continue;
        }
        if let Some((plugin, route)) = route(install, &catalogue) {
            routes.entry(slug.clone()).or_default().entry(plugin).or_insert_with(|| Arc::new(route));
        }
    }
    routes
}

/// A tenant's namespace is for that tenant's installs alone: whoever may write there could
/// otherwise lead another tenant's users astray.
fn may_name(install: &PluginInstall, tenant: &Tenant, platform: &str) -> bool {
    let namespace = install.metadata.namespace.as_deref();
    let own = tenant.status.as_ref().and_then(|status| status.namespace.as_deref());
    namespace.is_some() && (namespace == Some(platform) || namespace == own)
}

fn route(install: &PluginInstall, catalogue: &HashMap<&str, &Plugin>) -> Option<(PluginId, Route)> {
    let status = install.status.as_ref()?;
    let routed = status
        .conditions
        .iter()
        .any(|condition| condition.type_ == ConditionType::Routed.as_str() && condition.status == "True");
    // Whatever the spec says by now: others may need it, or the operator be told to leave it alone.
    let leads_to = install.route().filter(|_| routed)?;
    let plugin: PluginId = install.spec.plugin.id.parse().ok()?;
    let upstream = Upstream::parse(&leads_to.upstream)
        .inspect_err(|error| tracing::error!(%plugin, install = install.name_any(), "status.route.upstream {error}"))
        .ok()?;
    let name = format!("{plugin}-{}", status.version.as_deref()?);
    let declared = catalogue.get(name.as_str()).map_or(&[][..], |plugin| &plugin.spec.permissions);
    let route = Route::new(upstream, &plugin, declared, &status.permissions);
    Some((plugin, route))
}

/// A map without the keys that came twice.
fn unambiguous<K, V>(pairs: impl Iterator<Item = (K, V)>, twice: impl Fn(&K)) -> HashMap<K, Arc<V>>
where
    K: Clone + Eq + Hash,
{
    let mut map = HashMap::new();
    let mut refused = HashSet::new();
    for (key, value) in pairs {
        if map.insert(key.clone(), Arc::new(value)).is_some() {
            twice(&key);
            refused.insert(key);
        }
    }
    map.retain(|key, _| !refused.contains(key));
    map
}
