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

/// How much of a text the API takes.
const LONGEST: usize = 1000;

/// What there is to tell when the conditions go from `last` to `next`: that Ready came, or that it
/// is missing for a reason other than waiting; and what drifted, whenever that is something else.
/// Pure.
pub fn notes(last: &[Condition], next: &[Condition]) -> Vec<Note> {
    ready(last, next).into_iter().chain(drifted(last, next)).collect()
}

fn find(list: &[Condition], kind: ConditionType) -> Option<&Condition> {
    list.iter().find(|condition| condition.type_ == kind.as_str())
}

fn ready(last: &[Condition], next: &[Condition]) -> Option<Note> {
    let now = find(next, ConditionType::Ready)?;
    let same = find(last, ConditionType::Ready)
        .is_some_and(|before| before.status == now.status && before.reason == now.reason);
    let quiet = [Reason::Progressing, Reason::Pending, Reason::WorkloadNotReady].map(Reason::as_str);
    if same || (now.status != "True" && quiet.contains(&now.reason.as_str())) {
        return None;
    }
    let expected = [Reason::Deleting, Reason::Disabled, Reason::Suspended].map(Reason::as_str);
    let warning = now.status != "True" && !expected.contains(&now.reason.as_str());
    Some(Note { warning, reason: now.reason.clone(), text: now.message.clone() })
}

fn drifted(last: &[Condition], next: &[Condition]) -> Option<Note> {
    let now = find(next, ConditionType::Drifted).filter(|now| now.status == "True")?;
    let before = find(last, ConditionType::Drifted);
    let same = before.is_some_and(|before| before.status == now.status && before.message == now.message);
    (!same).then(|| Note { warning: true, reason: now.reason.clone(), text: now.message.clone() })
}

/// Publishes them. An event that cannot be written is not worth a failed reconcile.
pub async fn publish<K: Resource<DynamicType = ()>>(recorder: &Recorder, object: &K, notes: Vec<Note>) {
    for note in notes {
        let action = action(&note);
        let Note { warning, reason, text } = note;
        let event = Event {
            type_: if warning { EventType::Warning } else { EventType::Normal },
            reason,
            note: Some(cut(text)),
            action,
            secondary: None,
        };
        if let Err(error) = recorder.publish(&event, &object.object_ref(&())).await {
            tracing::warn!(%error, "an event could not be published");
        }
    }
}

/// The recorder counts events of one reason and action together and keeps the text of the first:
/// what drifted is told anew unless it is the same.
fn action(note: &Note) -> String {
    let drift = [Reason::DriftDetected, Reason::DriftRepaired].map(Reason::as_str);
    if drift.contains(&note.reason.as_str()) {
        return format!("Compare-{}", plexica_backends::digest(&note.text));
    }
    "Reconcile".into()
}

fn cut(mut text: String) -> String {
    let end = (0..=LONGEST.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    text.truncate(end);
    text
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
    #[test]
    fn drift_is_told_whenever_it_is_another() {
        let list = |message: Option<&str>| {
            let mut conditions = Conditions::new(&[], Some(1), Timestamp::UNIX_EPOCH);
            match message {
                Some(message) => conditions.set_true(ConditionType::Drifted, Reason::DriftDetected, message),
                None => conditions.set_false(ConditionType::Drifted, Reason::Provisioned, ""),
            }
            conditions.finish()
        };
        for (last, next, told) in [
            (vec![], list(None), None),
            (vec![], list(Some("a")), Some("a")),
            (list(None), list(Some("a")), Some("a")),
            (list(Some("a")), list(Some("a")), None),
            (list(Some("a")), list(Some("b")), Some("b")),
            (list(Some("a")), list(None), None),
        ] {
            let notes = notes(&last, &next);
            assert_eq!(notes.iter().map(|note| note.text.as_str()).collect::<Vec<_>>(), Vec::from_iter(told));
            assert!(notes.iter().all(|note| note.warning && action(note).len() <= 128));
        }
        assert_eq!(cut("ä".repeat(600)).len(), 1000);
        assert_eq!(cut("short".into()), "short");
    }
}
