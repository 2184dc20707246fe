//! What of a plan stands in the tenant's namespace. Pure.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::{LimitRange, LimitRangeItem, LimitRangeSpec, ResourceQuota, ResourceQuotaSpec},
    apimachinery::pkg::api::resource::Quantity,
};
use kube::api::ObjectMeta;
use plexica_backends::object::quantity::nanos;
use plexica_crds::{
    label,
    tenant::{Amounts, ContainerDefaults, PlanResources},
};

use super::objects::Objects;
use crate::tenant::validate::Valid;

/// The name of both objects: fixed, so that RBAC can name them.
pub const NAME: &str = "plexica-plan";

/// What a container requests that says nothing, where requests are limited: Kubernetes refuses those
/// that say nothing then.
const REQUESTS: [(&str, &str); 2] = [("cpu", "100m"), ("memory", "128Mi")];
/// Its limits, where those are limited.
const LIMITS: [(&str, &str); 2] = [("cpu", "1"), ("memory", "512Mi")];

/// A `ResourceQuota` for what is limited, and a `LimitRange` for containers that do not say what counts.
pub fn objects(valid: &Valid, resources: &PlanResources) -> Objects {
    let PlanResources { requests, limits, container } = resources;
    let hard: BTreeMap<String, Quantity> = [("requests", requests), ("limits", limits)]
        .into_iter()
        .flat_map(|(of, amounts)| {
            amounts.iter().map(move |(name, amount)| (format!("{of}.{name}"), Quantity(amount.0.clone())))
        })
        .collect();
    let (requests, limits) = defaults(requests, limits, container);
    let quota = (!hard.is_empty()).then(|| ResourceQuota {
        metadata: metadata(valid),
        spec: Some(ResourceQuotaSpec { hard: Some(hard), ..ResourceQuotaSpec::default() }),
        status: None,
    });
    let some = |amounts: BTreeMap<String, Quantity>| (!amounts.is_empty()).then_some(amounts);
    let range = (!requests.is_empty() || !limits.is_empty()).then(|| LimitRange {
        metadata: metadata(valid),
        spec: Some(LimitRangeSpec {
            limits: vec![LimitRangeItem {
                type_: "Container".into(),
                default_request: some(requests),
                default: some(limits),
                ..LimitRangeItem::default()
            }],
        }),
    });
    Objects { quota, range }
}

/// Requests and limits of a container that does not say them.
fn defaults(
    requests: &Amounts,
    limits: &Amounts,
    container: &ContainerDefaults,
) -> (BTreeMap<String, Quantity>, BTreeMap<String, Quantity>) {
    let mut its_requests = of_container(&REQUESTS, &container.requests, requests);
    let mut its_limits = of_container(&LIMITS, &container.limits, limits);
    for (name, request) in &mut its_requests {
        let Some(limit) = its_limits.get_mut(name) else { continue };
        if nanos(request) > nanos(limit) {
            // What the plan says stands; what it leaves to us gives way.
            if container.requests.contains_key(name) { limit.clone_from(request) } else { request.clone_from(limit) }
        }
    }
    let quantities = |amounts: BTreeMap<String, String>| {
        amounts.into_iter().map(|(name, amount)| (name, Quantity(amount))).collect()
    };
    (quantities(its_requests), quantities(its_limits))
}

/// As the plan says, or where it limits and says nothing, the usual, as far as that fits.
fn of_container(usual: &[(&str, &str)], said: &Amounts, limited: &Amounts) -> BTreeMap<String, String> {
    let mut amounts: BTreeMap<String, String> =
        said.iter().map(|(name, amount)| (name.clone(), amount.0.clone())).collect();
    for (name, usual) in usual {
        if let Some(all) = limited.get(*name) {
            let fits = nanos(usual) <= nanos(&all.0);
            amounts.entry((*name).to_owned()).or_insert_with(|| if fits { (*usual).to_owned() } else { all.0.clone() });
        }
    }
    amounts
}

fn metadata(valid: &Valid) -> ObjectMeta {
    ObjectMeta {
        name: Some(NAME.into()),
        namespace: Some(valid.namespace.clone()),
        labels: Some([(label::TENANT.to_owned(), valid.slug.to_string())].into()),
        ..ObjectMeta::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixture, tenant::validate::validate};
    use serde_json::{Value, json};

    fn made(resources: Value) -> (Value, Value) {
        let valid = validate(&fixture::tenant("acme"), &fixture::settings()).unwrap();
        let Objects { quota, range } = objects(&valid, &serde_json::from_value(resources).unwrap());
        let hard = quota.map_or(Value::Null, |quota| json!(quota.spec.unwrap().hard));
        let of_range = |range: LimitRange| {
            let item = range.spec.unwrap().limits.remove(0);
            json!([item.default_request, item.default])
        };
        (hard, range.map_or(Value::Null, of_range))
    }

    #[test]
    fn what_is_limited_and_what_holds_for_who_says_nothing() {
        let cases = [
            (json!({}), json!(null), json!(null)),
            (
                json!({ "requests": { "cpu": 2, "memory": "4Gi" }, "limits": { "memory": "8Gi" } }),
                json!({ "requests.cpu": "2", "requests.memory": "4Gi", "limits.memory": "8Gi" }),
                json!([{ "cpu": "100m", "memory": "128Mi" }, { "memory": "512Mi" }]),
            ),
            // Less than the usual.
            (
                json!({ "requests": { "cpu": "50m" }, "limits": { "cpu": "20m" } }),
                json!({ "requests.cpu": "50m", "limits.cpu": "20m" }),
                json!([{ "cpu": "20m" }, { "cpu": "20m" }]),
            ),
            // The plan says it.
            (
                json!({ "limits": { "cpu": 4 }, "container": { "limits": { "cpu": "250m", "memory": "1Gi" } } }),
                json!({ "limits.cpu": "4" }),
                json!([null, { "cpu": "250m", "memory": "1Gi" }]),
            ),
            (
                json!({ "limits": { "cpu": 4 }, "container": { "requests": { "cpu": 2 } } }),
                json!({ "limits.cpu": "4" }),
                json!([{ "cpu": "2" }, { "cpu": "2" }]),
            ),
            (json!({ "container": { "requests": { "cpu": 1 } } }), json!(null), json!([{ "cpu": "1" }, null])),
        ];
        for (resources, hard, range) in cases {
            assert_eq!(made(resources.clone()), (hard, range), "{resources}");
        }
    }
}
