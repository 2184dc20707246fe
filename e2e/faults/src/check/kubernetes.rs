//! Namespace and Secrets, and whether status tells the truth of the plugin.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{LimitRange, Namespace, ResourceQuota, Secret};
use kube::{Api, ResourceExt};
use plexica_backends::{object, ownership::Found};
use serde_json::json;

use super::{Expected, Owners, wrong_mark};
use crate::world::{self, Case, Runner, World};

/// What stands in a namespace for a plan is called like that.
const PLAN: &str = "plexica-plan";
/// What is in the name of a secret value.
const SECRET: [&str; 3] = ["secret", "password", "token"];

/// Uids of the resources, as they are now.
pub async fn owners(world: &World, case: &Case) -> Owners {
    let tenant = world.tenants().get_opt(case.slug.as_str()).await.ok().flatten();
    let install = world.installs().get_opt(&World::install_name(case)).await.ok().flatten();
    Owners {
        tenant: tenant.and_then(|tenant| tenant.uid()),
        install: install.as_ref().and_then(ResourceExt::uid),
        isolation: install.as_ref().map(|install| install.spec.isolation).unwrap_or_default(),
        install_has_served: install.and_then(|install| install.status?.migrated_version).is_some(),
    }
}

/// The values of a Secret of the tenant.
pub async fn secret(world: &World, case: &Case, name: &str) -> Option<BTreeMap<String, String>> {
    let api: Api<Secret> = Api::namespaced(world.client.clone(), &world.prefixes().namespace(&case.slug));
    let data = api.get_opt(name).await.ok()??.data?;
    let values: BTreeMap<String, String> =
        data.into_iter().map(|(key, value)| (key, String::from_utf8_lossy(&value.0).into_owned())).collect();
    for (key, value) in &values {
        if SECRET.iter().any(|word| key.contains(word)) && value.len() >= 16 {
            world.hide(value.clone());
        }
    }
    Some(values)
}

pub async fn check(world: &World, case: &Case, expected: Expected, owners: &Owners) -> Vec<String> {
    let name = world.prefixes().namespace(&case.slug);
    let found = match Api::<Namespace>::all(world.client.clone()).get_opt(&name).await {
        Ok(found) => found,
        Err(error) => return vec![format!("namespace {name} cannot be read: {error}")],
    };
    // The API server alone takes no namespace away: one that is told to go is as good as gone.
    let found = found.filter(|namespace| namespace.metadata.deletion_timestamp.is_none());
    let Some(found) = found else {
        return if expected == Expected::Gone { Vec::new() } else { vec![format!("there is no namespace {name}")] };
    };
    if expected == Expected::Gone {
        return vec![format!("the namespace {name} is still there")];
    }
    let stamp = match object::found(Some(&found)) {
        Found::Marked(stamp) => Some(stamp),
        _ => None,
    };
    let mut findings: Vec<String> =
        wrong_mark(&format!("namespace {name}"), stamp.as_ref(), expected, owners.tenant.as_ref())
            .into_iter()
            .collect();
    findings.extend(route(world, case, expected).await);
    if world.runner == Runner::Kubernetes {
        findings.extend(limits(world, case, expected, owners).await);
    }
    findings
}

/// What is wrong with what the plan in force limits in the namespace.
async fn limits(world: &World, case: &Case, expected: Expected, owners: &Owners) -> Vec<String> {
    let namespace = world.prefixes().namespace(&case.slug);
    let quota = Api::<ResourceQuota>::namespaced(world.client.clone(), &namespace).get_opt(PLAN).await;
    let range = Api::<LimitRange>::namespaced(world.client.clone(), &namespace).get_opt(PLAN).await;
    let (quota, range) = match (quota, range) {
        (Ok(quota), Ok(range)) => (quota, range),
        (quota, range) => {
            return vec![format!("the plan's objects cannot be read: {:?} {:?}", quota.err(), range.err())];
        }
    };
    let marked = |what: &str, found: Found| match found {
        Found::Absent => None,
        Found::Marked(stamp) => wrong_mark(what, Some(&stamp), expected, owners.tenant.as_ref()),
        Found::Unmarked { .. } => wrong_mark(what, None, expected, owners.tenant.as_ref()),
    };
    let marks = [
        marked("the ResourceQuota", object::found(quota.as_ref())),
        marked("the LimitRange", object::found(range.as_ref())),
    ];
    let mut findings: Vec<String> = marks.into_iter().flatten().collect();
    // Who keeps data for a tenant that is gone keeps its plan.
    let Ok(tenant) = world.tenant(case).await else { return findings };
    let plan = tenant.status.and_then(|status| status.plan).map(|plan| plan.name).unwrap_or_default();
    let found = (
        json!(quota.and_then(|quota| quota.spec?.hard)),
        json!(range.and_then(|range| range.spec?.limits.into_iter().next())),
    );
    let wanted = world::limits(&plan);
    if found != wanted {
        findings.push(format!("the plan {plan} limits {found:?} instead of {wanted:?}"));
    }
    findings
}

/// What is wrong with where requests are sent.
async fn route(world: &World, case: &Case, expected: Expected) -> Option<String> {
    let install = world.installs().get_opt(&World::install_name(case)).await.ok().flatten()?;
    match (expected, install.status?.route) {
        (Expected::Running { .. }, Some(route)) => {
            let health = format!("{}{}", route.upstream, plexica_contract::path::HEALTH);
            let answer = world.http(&route.upstream).get(health).send().await;
            let healthy = answer.is_ok_and(|answer| answer.status().is_success());
            (!healthy).then(|| format!("requests are sent to {}, where no healthy plugin is", route.upstream))
        }
        (Expected::Running { .. }, None) => Some("no request is sent to the plugin".into()),
        (_, Some(route)) => Some(format!("requests are still sent to {}", route.upstream)),
        (_, None) => None,
    }
}
