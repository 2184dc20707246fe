//! How much of what a plan limits a tenant has. Reads only, and only what the plan limits.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::Pod;
use kube::{Api, api::ListParams};
use plexica_backends::{
    System,
    object::{failed, quantity::units},
    postgres::tenant,
    s3::bucket,
    workloads::Counts,
};
use plexica_crds::{
    PluginInstall,
    tenant::{PlanResources, PlanStatus, Quantity, Quotas},
};

use super::{Change, pods};
use crate::{
    context::Context,
    plugin_install::allowed,
    tenant::{Part, credential::Credentials, desired, validate::Valid},
};

/// How much a tenant has; `None` where nobody wants to know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Installed plugins.
    pub plugins: Option<u64>,
    /// Users of the realm.
    pub users: Option<u64>,
    /// Bytes in the database.
    pub database_bytes: Option<u64>,
    /// Bytes in the bucket, or more than the plan allows.
    pub storage_bytes: Option<u64>,
    /// What the namespace's containers have together, such as `requests.cpu`.
    pub resources: BTreeMap<String, String>,
}

/// What the plan that is due has a say in; nothing if none is.
pub async fn read(context: &Context, valid: &Valid, change: &Change) -> Part<Usage> {
    let Some(due) = change.due() else { return Ok(Usage::default()) };
    let Quotas { plugins, users, database_bytes, storage_bytes } = &due.limits.quotas;
    let plugins = plugins.map(|_| {
        let installs = context.installs_of.get(valid.slug.as_str());
        let is_of = |install: &&PluginInstall| allowed(install, &valid.slug, &context.settings).is_ok();
        count(installs.iter().map(AsRef::as_ref).filter(is_of), change.in_force.as_ref())
    });
    let users = async {
        let realm = desired::identity(valid, &context.settings, &Credentials::default());
        let counted = async {
            if context.realms.owns(&realm).await? { context.realms.users(&valid.realm).count().await } else { Ok(0) }
        };
        wanted(users.is_some(), context.tried(System::Keycloak, "measure", counted)).await
    };
    let in_database = async {
        let provisioner = context.databases.get(&valid.placement)?;
        let desired = desired::database(valid);
        let sum = tenant::bytes(provisioner, &desired);
        wanted(database_bytes.is_some(), context.tried(System::Postgres, "measure", sum)).await
    };
    let in_storage = async {
        let Some(Quantity(allowed)) = storage_bytes else { return Ok(None) };
        let desired = desired::storage(valid);
        let sum = bucket::bytes(&context.store, &desired, units(allowed).unwrap_or(u64::MAX));
        context.tried(System::S3, "measure", sum).await.map(Some)
    };
    let PlanResources { requests, limits, container: _ } = &due.limits.resources;
    let in_pods = async {
        // Without plugins in tenants' namespaces the operator may not see pods, and has none there.
        let counts = context.settings.counts == Counts::Pods && context.settings.dedicated;
        if !counts || (requests.is_empty() && limits.is_empty()) {
            return Ok(BTreeMap::new());
        }
        let pods: Api<Pod> = Api::namespaced(context.client.clone(), &valid.namespace);
        let listed = async { pods.list(&ListParams::default()).await.map_err(failed) };
        context.tried(System::Kubernetes, "measure", listed).await.map(|pods| pods::together(&pods.items))
    };
    // Boxed: what calls to Keycloak hold is large.
    let (users, database_bytes, storage_bytes, resources) =
        futures::try_join!(Box::pin(users), Box::pin(in_database), Box::pin(in_storage), Box::pin(in_pods))?;
    Ok(Usage { plugins, users, database_bytes, storage_bytes, resources })
}

async fn wanted(wanted: bool, read: impl Future<Output = Part<u64>>) -> Part<Option<u64>> {
    if wanted { read.await.map(Some) } else { Ok(None) }
}

/// How many plugins the installs are of. Those that the plan in force refuses are nothing to be rid of.
fn count<'a>(installs: impl Iterator<Item = &'a PluginInstall>, in_force: Option<&PlanStatus>) -> u64 {
    let ids: BTreeSet<&str> = installs.map(|install| install.spec.plugin.id.as_str()).collect();
    let count = u64::try_from(ids.len()).unwrap_or(u64::MAX);
    let limit = in_force.and_then(|plan| u64::try_from(plan.limits.quotas.plugins?).ok());
    limit.map_or(count, |limit| count.min(limit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn plugins_are_counted_once_and_refused_ones_are_not() {
        let plans = fixture::plans("small: { quotas: { plugins: 2 } }\nfree: {}");
        let installs: Vec<PluginInstall> = [("a", "crm"), ("b", "crm"), ("c", "files"), ("d", "mail")]
            .map(|(name, id)| fixture::install("tenant-acme", name, "acme", id))
            .into();
        for (in_force, expected) in [(None, 3), (Some("free"), 3), (Some("small"), 2)] {
            let in_force = in_force.map(|name| fixture::in_force(name, &plans));
            assert_eq!(count(installs.iter(), in_force.as_ref()), expected, "{in_force:?}");
        }
    }
}
