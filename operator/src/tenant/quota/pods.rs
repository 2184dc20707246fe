//! What the pods of a namespace have, where no `ResourceQuota` has been there to count it. Pure.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::{Container, Pod, PodSpec, ResourceRequirements},
    apimachinery::pkg::api::resource::Quantity,
};
use plexica_backends::object::quantity::{nanos, text};

/// In billionths of a unit, by resource.
type Amounts = BTreeMap<String, i128>;
type Given = Option<BTreeMap<String, Quantity>>;

/// All pods together, by the names that a `ResourceQuota` has for it, such as `requests.cpu`: those that have not
/// ended, each as Kubernetes counts it.
/// <https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#resource-sharing-within-containers>,
/// <https://kubernetes.io/docs/concepts/scheduling-eviction/pod-overhead/>
pub fn together(pods: &[Pod]) -> BTreeMap<String, String> {
    let mut sum = Amounts::new();
    for pod in pods.iter().filter(|pod| !has_ended(pod)) {
        let Some(spec) = &pod.spec else { continue };
        for (of, given) in KINDS {
            for (resource, amount) in of_pod(spec, of, given) {
                *sum.entry(format!("{of}.{resource}")).or_default() += amount;
            }
        }
    }
    sum.into_iter().map(|(name, amount)| (name, text(amount))).collect()
}

type Kind = fn(&ResourceRequirements) -> &Given;
const KINDS: [(&str, Kind); 2] = [("requests", |all| &all.requests), ("limits", |all| &all.limits)];

fn has_ended(pod: &Pod) -> bool {
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
    matches!(phase, Some("Succeeded" | "Failed"))
}

fn of_pod(spec: &PodSpec, of: &str, given: Kind) -> Amounts {
    let its = |container: &Container| container.resources.as_ref().map_or_else(Amounts::new, |all| amounts(given(all)));
    let mut together = Amounts::new();
    spec.containers.iter().for_each(|container| add(&mut together, its(container)));
    let (mut beside, mut before) = (Amounts::new(), Amounts::new());
    for container in spec.init_containers.iter().flatten() {
        if container.restart_policy.as_deref() == Some("Always") {
            add(&mut beside, its(container));
        } else {
            let mut alone = beside.clone();
            add(&mut alone, its(container));
            most(&mut before, alone);
        }
    }
    add(&mut together, beside);
    most(&mut together, before);
    // What is said of the pod as a whole counts in the place of that.
    together.extend(spec.resources.as_ref().map_or_else(Amounts::new, |all| amounts(given(all))));
    let limited = |resource: &String| of == "requests" || together.contains_key(resource);
    let overhead = amounts(&spec.overhead).into_iter().filter(|(resource, _)| limited(resource)).collect();
    add(&mut together, overhead);
    together
}

fn amounts(given: &Given) -> Amounts {
    let given = given.iter().flatten();
    given.filter_map(|(resource, amount)| Some((resource.clone(), nanos(&amount.0)?))).collect()
}

fn add(to: &mut Amounts, more: Amounts) {
    for (resource, amount) in more {
        *to.entry(resource).or_default() += amount;
    }
}

fn most(of: &mut Amounts, others: Amounts) {
    for (resource, amount) in others {
        let entry = of.entry(resource).or_default();
        *entry = amount.max(*entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn pod(spec: &Value) -> Pod {
        serde_json::from_value(json!({ "spec": spec })).unwrap()
    }

    fn container(requests: &Value) -> Value {
        json!({ "name": "c", "resources": { "requests": requests } })
    }

    fn told(pods: &[Pod]) -> Value {
        json!(together(pods))
    }

    #[test]
    fn requests_and_limits_of_all_containers() {
        let both = json!({ "name": "c", "resources": {
            "requests": { "cpu": "20m", "memory": "16Mi" }, "limits": { "cpu": "1", "memory": "96Mi" } } });
        let silent = json!({ "name": "s" });
        let one = pod(&json!({ "containers": [both, silent, both], "overhead": { "cpu": "5m" } }));
        let expected = json!({ "requests.cpu": "90m", "requests.memory": "64Mi", "limits.cpu": "4010m", "limits.memory": "384Mi" });
        assert_eq!(told(&[one.clone(), one]), expected);
        assert_eq!(told(&[]), json!({}));
        let unlimited =
            pod(&json!({ "containers": [container(&json!({ "cpu": "10m" }))], "overhead": { "cpu": "5m" } }));
        assert_eq!(told(&[unlimited]), json!({ "requests.cpu": "15m" }));
        let whole = json!({ "containers": [container(&json!({ "cpu": "10m", "memory": "16Mi" }))],
            "resources": { "requests": { "cpu": "50m" } } });
        assert_eq!(told(&[pod(&whole)]), json!({ "requests.cpu": "50m", "requests.memory": "16Mi" }));
    }

    #[test]
    fn what_comes_first_counts_where_it_is_more() {
        let init = |amount: &str, policy: Option<&str>| {
            let mut container = container(&json!({ "cpu": amount }));
            container["restartPolicy"] = json!(policy);
            container
        };
        for (inits, expected) in [
            (vec![init("50m", None)], "100m"),
            (vec![init("150m", None), init("120m", None)], "150m"),
            (vec![init("10m", Some("Always"))], "110m"),
            (vec![init("10m", Some("Always")), init("150m", None)], "160m"),
            (vec![init("150m", None), init("10m", Some("Always"))], "150m"),
        ] {
            let spec = json!({ "initContainers": inits, "containers": [container(&json!({ "cpu": "100m" }))] });
            assert_eq!(told(&[pod(&spec)]), json!({ "requests.cpu": expected }), "{spec}");
        }
    }

    #[test]
    fn who_has_ended_has_nothing() {
        let mut ended = pod(&json!({ "containers": [container(&json!({ "cpu": 1 }))] }));
        for (phase, expected) in [
            ("Pending", json!({ "requests.cpu": "1" })),
            ("Running", json!({ "requests.cpu": "1" })),
            ("Succeeded", json!({})),
            ("Failed", json!({})),
        ] {
            ended.status.get_or_insert_default().phase = Some(phase.into());
            assert_eq!(told(std::slice::from_ref(&ended)), expected, "{phase}");
        }
    }
}
