//! Deployments, Services and Secrets of workloads, where there are such things.

use std::collections::BTreeSet;

use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{Secret, Service},
};
use kube::{Api, ResourceExt, api::ListParams};
use plexica_contract::name::PluginId;
use plexica_crds::{label, plugin_install::Isolation};

use super::{Expected, Owners};
use crate::world::{Case, Runner, World};

/// What is wrong with a plugin's.
pub async fn check(world: &World, case: &Case, expected: Expected, owners: &Owners) -> Vec<String> {
    if world.runner != Runner::Kubernetes {
        return Vec::new();
    }
    let namespace = match owners.isolation {
        Isolation::Shared => world.system(),
        Isolation::Dedicated => world.prefixes().namespace(&case.slug),
    };
    match of(world, Some(&case.plugin)).await {
        Ok(parts) => findings(&parts, matches!(expected, Expected::Running { .. }).then_some(&namespace)),
        Err(error) => vec![format!("workloads cannot be listed: {error}")],
    }
}

/// All there are of the run, or of one plugin: Deployments, Services and Secrets, as `namespace/name`.
pub async fn of(world: &World, plugin: Option<&PluginId>) -> Result<[BTreeSet<String>; 3], kube::Error> {
    let one = plugin.map(|plugin| format!("={plugin}")).unwrap_or_default();
    let mine = ListParams::default().labels(&format!("{}={},{}{one}", label::INSTALLATION, world.name, label::PLUGIN));
    let (deployments, services, secrets): (Api<Deployment>, Api<Service>, Api<Secret>) =
        (Api::all(world.client.clone()), Api::all(world.client.clone()), Api::all(world.client.clone()));
    let (deployments, services, secrets) =
        futures::try_join!(deployments.list(&mine), services.list(&mine), secrets.list(&mine))?;
    Ok([names(&deployments.items), names(&services.items), names(&secrets.items)])
}

fn names<K: ResourceExt>(objects: &[K]) -> BTreeSet<String> {
    let there = objects.iter().filter(|object| object.meta().deletion_timestamp.is_none());
    there.map(|object| format!("{}/{}", object.namespace().unwrap_or_default(), object.name_any())).collect()
}

/// None may lack another, and all are in that namespace, if there are to be any.
fn findings(parts: &[BTreeSet<String>; 3], namespace: Option<&String>) -> Vec<String> {
    let [deployments, services, secrets] = parts;
    let mut findings = Vec::new();
    if deployments != services || deployments != secrets {
        findings.push(format!("the Deployments {deployments:?}, Services {services:?} and Secrets {secrets:?}"));
    }
    if deployments.is_empty() == namespace.is_some() {
        findings.push(format!("the Deployments {deployments:?}"));
    }
    let there = |name: &&String| namespace.is_some_and(|namespace| name.starts_with(&format!("{namespace}/")));
    let elsewhere: Vec<&String> = deployments.iter().filter(|name| !there(name)).collect();
    if namespace.is_some() && !elsewhere.is_empty() {
        findings.push(format!("the Deployments {elsewhere:?} are not in {namespace:?}"));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_half_there_or_somewhere_else() {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        let (none, one, other) = (set(&[]), set(&["system/a"]), set(&["t1/a"]));
        let namespace = "system".to_owned();
        for (parts, wanted, number) in [
            ([&one, &one, &one], Some(&namespace), 0),
            ([&none, &none, &none], None, 0),
            ([&one, &none, &one], Some(&namespace), 1),
            ([&one, &one, &none], Some(&namespace), 1),
            ([&none, &none, &none], Some(&namespace), 1),
            ([&one, &one, &one], None, 1),
            ([&none, &one, &none], None, 1),
            ([&other, &other, &other], Some(&namespace), 1),
        ] {
            let parts = parts.map(Clone::clone);
            assert_eq!(findings(&parts, wanted).len(), number, "{parts:?} {wanted:?}");
        }
    }
}
