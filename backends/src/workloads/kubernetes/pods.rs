//! What keeps pods from serving, in a sentence. Pure.

use k8s_openapi::api::core::v1::{ContainerState, ContainerStatus, Pod, PodStatus};
use kube::ResourceExt;

/// Who ended that often will end again.
const DEATHS: i32 = 3;

/// Why a pod does not serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    /// For people.
    pub why: String,
    /// Whether it will not get better by itself.
    pub lasts: bool,
}

/// What troubles the pods of a workload: the newest that has any, since those before it go. `limit` is the memory
/// that each may have.
pub(super) fn trouble(pods: &[Pod], limit: Option<&str>) -> Option<Trouble> {
    let mut pods: Vec<&Pod> = pods.iter().filter(|pod| pod.metadata.deletion_timestamp.is_none()).collect();
    pods.sort_by_key(|pod| std::cmp::Reverse(pod.creation_timestamp().map(|time| time.0)));
    pods.into_iter().find_map(|pod| of(pod, limit))
}

fn of(pod: &Pod, limit: Option<&str>) -> Option<Trouble> {
    let status = pod.status.as_ref()?;
    let container = status.container_statuses.iter().flatten().next();
    let Some(container) = container else {
        return unplaced(status);
    };
    if container.ready {
        return None;
    }
    let state = container.state.as_ref()?;
    let of_waiting = state.waiting.as_ref().and_then(|waiting| {
        let reason = waiting.reason.as_deref().unwrap_or_default();
        let said = waiting.message.as_deref().unwrap_or(reason);
        not_started(reason, said, &container.image)
    });
    let ended = || ended(container, limit, &pod.name_any());
    let runs = || {
        let why = "its container runs and is not ready: its health check fails".to_owned();
        state.running.as_ref().map(|_| Trouble { why, lasts: false })
    };
    of_waiting.or_else(ended).or_else(runs)
}

/// The scheduler finds no node for it.
fn unplaced(status: &PodStatus) -> Option<Trouble> {
    let mut conditions = status.conditions.iter().flatten();
    let found = conditions.find(|condition| condition.type_ == "PodScheduled" && condition.status == "False")?;
    let said = found.message.as_deref().unwrap_or("no node is free");
    Some(Trouble { why: format!("no node takes it: {said}"), lasts: false })
}

/// What the kubelet waits for before a first start.
/// <https://kubernetes.io/docs/concepts/containers/images/#imagepullbackoff>
fn not_started(reason: &str, said: &str, image: &str) -> Option<Trouble> {
    let (why, lasts) = match reason {
        // A registry may be away for a while.
        "ErrImagePull" | "ImagePullBackOff" => (format!("image {image} cannot be pulled: {said}"), false),
        "InvalidImageName" | "ErrImageNeverPull" => (format!("image {image} cannot be pulled: {said}"), true),
        "CreateContainerConfigError" | "CreateContainerError" | "RunContainerError" => {
            (format!("its container cannot be started: {said}"), true)
        }
        _ => return None,
    };
    Some(Trouble { why, lasts })
}

fn ended(container: &ContainerStatus, limit: Option<&str>, pod: &str) -> Option<Trouble> {
    let of = |state: &Option<ContainerState>| state.as_ref().and_then(|state| state.terminated.clone());
    let last = of(&container.state).or_else(|| of(&container.last_state))?;
    let how = match (last.reason.as_deref(), limit) {
        (Some("OOMKilled"), Some(limit)) => format!("used more memory than its limit of {limit}"),
        (Some("OOMKilled"), None) => "was ended since its node has no memory left".to_owned(),
        _ => format!("ended with exit code {}", last.exit_code),
    };
    let why = format!("its container {how} and is started again (kubectl logs --previous {pod})");
    Some(Trouble { why, lasts: container.restart_count >= DEATHS })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn pod(created: &str, status: &Value) -> Pod {
        let metadata = json!({ "name": "crm-0", "creationTimestamp": created });
        serde_json::from_value(json!({ "metadata": metadata, "status": status })).unwrap()
    }

    fn container(ready: bool, restarts: i32, state: &Value, last: &Value) -> Value {
        json!({ "containerStatuses": [{
            "name": "plugin", "image": "plexica/crm:1.4.0", "imageID": "", "ready": ready, "restartCount": restarts,
            "state": state, "lastState": last,
        }]})
    }

    fn waiting(reason: &str, message: &str) -> Value {
        json!({ "waiting": { "reason": reason, "message": message } })
    }

    fn terminated(reason: &str, code: i32) -> Value {
        json!({ "terminated": { "reason": reason, "exitCode": code } })
    }

    const AT: &str = "2026-01-01T00:00:00Z";
    const LATER: &str = "2026-01-01T00:00:01Z";

    #[test]
    fn each_trouble_in_a_sentence() {
        let running = json!({ "running": {} });
        let back_off = waiting("CrashLoopBackOff", "back-off 20s");
        let unscheduled = json!({ "conditions": [
            { "type": "PodScheduled", "status": "False", "message": "0/1 nodes are available: 1 Insufficient cpu." },
        ]});
        for (status, why, lasts) in [
            (
                container(false, 0, &waiting("ImagePullBackOff", "Back-off pulling image"), &json!({})),
                "image plexica/crm:1.4.0 cannot be pulled: Back-off pulling image",
                false,
            ),
            (
                container(false, 0, &waiting("InvalidImageName", "couldn't parse image"), &json!({})),
                "image plexica/crm:1.4.0 cannot be pulled: couldn't parse image",
                true,
            ),
            (
                container(false, 0, &waiting("CreateContainerConfigError", "image will run as root"), &json!({})),
                "its container cannot be started: image will run as root",
                true,
            ),
            (
                container(false, 1, &back_off, &terminated("Error", 3)),
                "its container ended with exit code 3 and is started again (kubectl logs --previous crm-0)",
                false,
            ),
            (
                container(false, 3, &running, &terminated("Error", 3)),
                "its container ended with exit code 3 and is started again (kubectl logs --previous crm-0)",
                true,
            ),
            (
                container(false, 0, &terminated("OOMKilled", 137), &json!({})),
                "its container used more memory than its limit of 64Mi and is started again (kubectl logs --previous crm-0)",
                false,
            ),
            (
                container(false, 0, &running, &json!({})),
                "its container runs and is not ready: its health check fails",
                false,
            ),
            (unscheduled, "no node takes it: 0/1 nodes are available: 1 Insufficient cpu.", false),
        ] {
            let expected = Trouble { why: why.to_owned(), lasts };
            assert_eq!(trouble(&[pod(AT, &status)], Some("64Mi")), Some(expected));
        }
    }

    #[test]
    fn who_serves_or_has_only_begun_has_none() {
        for status in [
            json!({}),
            container(true, 5, &json!({ "running": {} }), &terminated("Error", 3)),
            container(false, 0, &waiting("ContainerCreating", ""), &json!({})),
        ] {
            assert_eq!(trouble(&[pod(AT, &status)], None), None);
        }
    }

    #[test]
    fn the_newest_is_told_of_and_none_that_goes() {
        let pull = |said: &str| container(false, 0, &waiting("ErrImagePull", said), &json!({}));
        let told = |pods: &[Pod]| trouble(pods, None).map(|trouble| trouble.why);
        let (old, new) = (pod(AT, &pull("old")), pod(LATER, &pull("new")));
        assert!(told(&[old.clone(), new.clone()]).unwrap().ends_with(": new"));
        let mut leaves = new;
        leaves.metadata.deletion_timestamp = leaves.metadata.creation_timestamp.clone();
        assert!(told(&[old, leaves]).unwrap().ends_with(": old"));
    }
}
