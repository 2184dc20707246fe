//! Kubernetes Events: what people need to know, once.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{
    Resource,
    runtime::events::{Event, EventType, Recorder},
};
use plexica_crds::{ConditionType, Reason};

/// An event to be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Whether somebody should look.
    pub warning: bool,
    /// The condition's reason.
    pub reason: String,
    /// The condition's message.
    pub text: String,
}

/// What there is to tell when the conditions go from `last` to `next`: that Ready came, or that it
/// is missing for a reason other than waiting. Pure.
pub fn notes(last: &[Condition], next: &[Condition]) -> Vec<Note> {
    let ready = |list: &[Condition]| list.iter().find(|c| c.type_ == ConditionType::Ready.as_str()).cloned();
    let Some(now) = ready(next) else {
        return Vec::new();
    };
    let same = ready(last).is_some_and(|before| before.status == now.status && before.reason == now.reason);
    let quiet = [Reason::Progressing, Reason::Pending, Reason::WorkloadNotReady].map(Reason::as_str);
    if same || (now.status != "True" && quiet.contains(&now.reason.as_str())) {
        return Vec::new();
    }
    let expected = [Reason::Deleting, Reason::Disabled, Reason::Suspended].map(Reason::as_str);
    let warning = now.status != "True" && !expected.contains(&now.reason.as_str());
    vec![Note { warning, reason: now.reason, text: now.message }]
}

/// Publishes them. An event that cannot be written is not worth a failed reconcile.
pub async fn publish<K: Resource<DynamicType = ()>>(recorder: &Recorder, object: &K, notes: Vec<Note>) {
    for Note { warning, reason, text } in notes {
        let event = Event {
            type_: if warning { EventType::Warning } else { EventType::Normal },
            reason,
            // The API takes at most 1 kB.
            note: Some(text.chars().take(250).collect()),
            action: "Reconcile".into(),
            secondary: None,
        };
        if let Err(error) = recorder.publish(&event, &object.object_ref(&())).await {
            tracing::warn!(%error, "an event could not be published");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use plexica_crds::Conditions;

    fn list(ready: bool, reason: Reason) -> Vec<Condition> {
        let mut conditions = Conditions::new(&[], Some(1), Timestamp::UNIX_EPOCH);
        if ready {
            conditions.set_true(ConditionType::Ready, reason, "text");
        } else {
            conditions.set_false(ConditionType::Ready, reason, "text");
        }
        conditions.finish()
    }

    #[test]
    fn what_is_told() {
        let none = Vec::new();
        let ready = list(true, Reason::Provisioned);
        let down = list(false, Reason::BackendUnavailable);
        let waits = list(false, Reason::Progressing);
        let deleting = list(false, Reason::Deleting);
        let starts = list(false, Reason::WorkloadNotReady);
        let stuck = list(false, Reason::WorkloadFailed);
        for (last, next, told) in [
            (&none, &ready, Some(false)),
            (&ready, &ready, None),
            (&ready, &down, Some(true)),
            (&down, &down, None),
            (&down, &ready, Some(false)),
            (&none, &waits, None),
            (&ready, &deleting, Some(false)),
            (&none, &starts, None),
            (&starts, &stuck, Some(true)),
            (&stuck, &stuck, None),
            (&stuck, &ready, Some(false)),
            (&none, &none, None),
        ] {
            let warnings: Vec<_> = notes(last, next).into_iter().map(|note| note.warning).collect();
            assert_eq!(warnings, Vec::from_iter(told), "{last:?} → {next:?}");
        }
    }
}
