//! How far a Deployment is. Pure.

use k8s_openapi::api::apps::v1::{Deployment, DeploymentCondition, DeploymentStatus};
use url::Url;

use super::{objects::SERVICE_PORT, pods::Trouble};
use crate::workloads::{Place, State, Workload, observed::Objects};

/// The state of what was found; `told` is what troubles its pods.
pub(super) fn of(workload: &Workload, objects: &Objects, told: Option<Trouble>) -> State {
    let Some(deployment) = &objects.deployment else {
        return State::Absent;
    };
    if objects.service.is_none() {
        return State::Starting("its Service is missing".into());
    }
    if let Some(waiting) = waiting_for(deployment) {
        let lasts = trouble(deployment).is_some() || told.as_ref().is_some_and(|told| told.lasts);
        let waiting = told.map_or_else(|| waiting.clone(), |told| format!("{waiting}: {}", told.why));
        return if lasts { State::Failing(waiting) } else { State::Starting(waiting) };
    }
    let Place { namespace, name } = workload.place();
    match Url::parse(&format!("http://{name}.{namespace}.svc:{SERVICE_PORT}")) {
        Ok(endpoint) => State::Ready { endpoint },
        Err(error) => State::Starting(format!("its address is not one: {error}")),
    }
}

/// Why the Deployment is not all that its spec says; `None` if it is.
pub(super) fn waiting_for(deployment: &Deployment) -> Option<String> {
    let wanted = deployment.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
    let Some(status) = &deployment.status else {
        return Some("the cluster has not looked at its Deployment yet".into());
    };
    let DeploymentStatus { observed_generation, replicas, updated_replicas, available_replicas, .. } = status;
    if *observed_generation < deployment.metadata.generation {
        return Some("the cluster has not looked at its Deployment yet".into());
    }
    let (updated, available) = (updated_replicas.unwrap_or(0), available_replicas.unwrap_or(0));
    // While there are more, the one that is available may be the one before.
    // https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#complete-deployment
    let old = replicas.unwrap_or(0) - updated;
    if wanted > 0 && updated >= wanted && available >= wanted && old <= 0 {
        return None;
    }
    let because =
        trouble(deployment).and_then(|condition| condition.message.as_deref()).map(|text| format!(": {text}"));
    Some(match wanted {
        0 => "its Plugin asks for 0 replicas".into(),
        _ if available >= wanted && old > 0 => {
            format!("{old} pods from before have yet to be replaced{}", because.unwrap_or_default())
        }
        _ => format!("{available} of {wanted} pods are available{}", because.unwrap_or_default()),
    })
}

/// What the cluster cannot do about it, as it says itself of the Deployment as it is now.
fn trouble(deployment: &Deployment) -> Option<&DeploymentCondition> {
    let status =
        deployment.status.as_ref().filter(|seen| seen.observed_generation >= deployment.metadata.generation)?;
    status.conditions.iter().flatten().find(|condition| {
        matches!(
            (condition.type_.as_str(), condition.status.as_str()),
            ("Progressing", "False") | ("ReplicaFailure", "True")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::apps::v1::DeploymentSpec;

    fn deployment(generation: i64, wanted: i32, status: Option<(i64, i32, i32)>) -> Deployment {
        let mut deployment = Deployment {
            spec: Some(DeploymentSpec { replicas: Some(wanted), ..Default::default() }),
            status: status.map(|(seen, updated, available)| DeploymentStatus {
                observed_generation: Some(seen),
                updated_replicas: Some(updated),
                available_replicas: Some(available),
                ..Default::default()
            }),
            ..Default::default()
        };
        deployment.metadata.generation = Some(generation);
        deployment
    }

    #[test]
    fn who_serves_beside_those_that_are_to_go_is_not_ready() {
        let mut rolls = deployment(1, 1, Some((1, 1, 1)));
        rolls.status.as_mut().unwrap().replicas = Some(2);
        assert_eq!(waiting_for(&rolls).unwrap(), "1 pods from before have yet to be replaced");
        rolls.status.as_mut().unwrap().replicas = Some(1);
        assert_eq!(waiting_for(&rolls), None);
    }

    #[test]
    fn only_what_was_seen_updated_and_is_available_is_ready() {
        for (generation, wanted, status, ready) in [
            (1, 1, None, false),
            (2, 1, Some((1, 1, 1)), false),
            (1, 1, Some((1, 0, 1)), false),
            (1, 1, Some((1, 1, 0)), false),
            (1, 2, Some((1, 2, 1)), false),
            (1, 0, Some((1, 0, 0)), false),
            (1, 1, Some((1, 1, 1)), true),
            (3, 2, Some((3, 2, 2)), true),
        ] {
            let deployment = deployment(generation, wanted, status);
            assert_eq!(waiting_for(&deployment).is_none(), ready, "{deployment:?}");
        }
    }

    #[test]
    fn what_the_cluster_gave_up_is_failing() {
        for (kind, status, seen, failing) in [
            ("Progressing", "False", 2, true),
            ("ReplicaFailure", "True", 2, true),
            ("Progressing", "True", 2, false),
            ("ReplicaFailure", "False", 2, false),
            ("Available", "False", 2, false),
            // Said of what it was before.
            ("Progressing", "False", 1, false),
        ] {
            let mut deployment = deployment(2, 1, Some((seen, 1, 0)));
            let condition = DeploymentCondition {
                type_: kind.into(),
                status: status.into(),
                message: Some("because".into()),
                ..Default::default()
            };
            deployment.status.as_mut().unwrap().conditions = Some(vec![condition]);
            assert_eq!(trouble(&deployment).is_some(), failing, "{kind} {status} {seen}");
            let waiting = waiting_for(&deployment).unwrap();
            assert_eq!(waiting.ends_with(": because"), failing, "{waiting}");
        }
    }
}
