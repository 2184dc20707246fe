//! Kubernetes Events: what people need to know, once.

use std::time::Duration;

use k8s_openapi::{api::core::v1::ObjectReference, apimachinery::pkg::apis::meta::v1::Condition};
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

/// How much of a text the API takes, in bytes.
const LONGEST: usize = 1000;
/// How long the API may take for one.
const PATIENCE: Duration = Duration::from_secs(10);

/// What there is to tell when the conditions go from `last` to `next`: which parts were given up, where
/// a backup lies, that Ready came, or that it is missing for a reason other than waiting; and what
/// drifted, whenever that is something else. Pure.
pub fn notes(last: &[Condition], next: &[Condition]) -> Vec<Note> {
    let mut notes = given_up(last, next);
    notes.extend(backed_up(last, next));
    notes.extend(of_ready(last, next));
    notes.extend(advised(last, next));
    notes.extend(drifted(last, next));
    notes
}

fn find(list: &[Condition], kind: ConditionType) -> Option<&Condition> {
    list.iter().find(|condition| condition.type_ == kind.as_str())
}

/// Parts that people have given up on since, each by itself: whoever looks for it later finds it.
pub fn given_up(last: &[Condition], next: &[Condition]) -> Vec<Note> {
    let abandoned = |condition: &&Condition| condition.reason == Reason::Abandoned.as_str();
    let before: Vec<&str> = last.iter().filter(abandoned).map(|condition| condition.type_.as_str()).collect();
    let new = next.iter().filter(abandoned).filter(|condition| !before.contains(&condition.type_.as_str()));
    new.map(|Condition { reason, message, .. }| Note { warning: true, reason: reason.clone(), text: message.clone() })
        .collect()
}

/// Where a backup lies, once: whoever misses the data looks for it here.
fn backed_up(last: &[Condition], next: &[Condition]) -> Option<Note> {
    let made = |list: &[Condition]| list.iter().find(|one| one.reason == Reason::BackedUp.as_str()).cloned();
    let Condition { reason, message, .. } = made(next).filter(|_| made(last).is_none())?;
    Some(Note { warning: false, reason, text: message })
}

fn of_ready(last: &[Condition], next: &[Condition]) -> Option<Note> {
    let ready = |list: &[Condition]| list.iter().find(|c| c.type_ == ConditionType::Ready.as_str()).cloned();
    let now = ready(next)?;
    // The same reason with other words is news if the spec is another; else it may be a number that moves.
    let again =
        |before: &Condition| before.message == now.message || before.observed_generation == now.observed_generation;
    let same =
        ready(last).is_some_and(|before| before.status == now.status && before.reason == now.reason && again(&before));
    let quiet = [Reason::Progressing, Reason::Pending, Reason::WorkloadNotReady].map(Reason::as_str);
    // What is given up is told part by part.
    let told = now.reason == Reason::Abandoned.as_str();
    if same || told || (now.status != "True" && quiet.contains(&now.reason.as_str())) {
        return None;
    }
    let expected = [Reason::Deleting, Reason::Disabled, Reason::Suspended, Reason::Removed, Reason::Retained];
    let warning = now.status != "True" && !expected.map(Reason::as_str).contains(&now.reason.as_str());
    Some(Note { warning, reason: now.reason, text: now.message })
}

/// What is to be said of a version that serves: that it is yanked, deprecated, or that another is
/// held back; whenever that is something else.
fn advised(last: &[Condition], next: &[Condition]) -> Option<Note> {
    let advice = [Reason::Yanked, Reason::Deprecated, Reason::HeldBack].map(Reason::as_str);
    let now = find(next, ConditionType::Resolved).filter(|now| now.status == "True")?;
    let same = find(last, ConditionType::Resolved).is_some_and(|before| before.message == now.message);
    let told = advice.contains(&now.reason.as_str()) && !same;
    told.then(|| Note { warning: true, reason: now.reason.clone(), text: now.message.clone() })
}

fn drifted(last: &[Condition], next: &[Condition]) -> Option<Note> {
    let now = find(next, ConditionType::Drifted).filter(|now| now.status == "True")?;
    let before = find(last, ConditionType::Drifted);
    let same = before.is_some_and(|before| before.status == now.status && before.message == now.message);
    (!same).then(|| Note { warning: true, reason: now.reason.clone(), text: now.message.clone() })
}

/// Publishes them. An event that cannot be written is not worth a failed reconcile, nor one that waits.
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
        tell(recorder, &event, &object.object_ref(&()), PATIENCE).await;
    }
}

async fn tell(recorder: &Recorder, event: &Event, about: &ObjectReference, patience: Duration) {
    match tokio::time::timeout(patience, recorder.publish(event, about)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "an event could not be published"),
        Err(_) => tracing::warn!("an event could not be published within {} s", patience.as_secs()),
    }
}

/// The recorder counts events of one reason and action together and keeps the text of the first: so
/// that the text is part of the action, and another is told anew.
fn action(note: &Note) -> String {
    let is_one = |all: &[Reason]| all.iter().any(|reason| reason.as_str() == note.reason);
    let verb = if is_one(&[
        Reason::DriftDetected,
        Reason::DriftRepaired,
        Reason::Yanked,
        Reason::Deprecated,
        Reason::HeldBack,
    ]) {
        "Compare"
    } else if is_one(&[Reason::CredentialsRotated, Reason::RotationEnded]) {
        "Rotate"
    } else {
        "Reconcile"
    };
    format!("{verb}-{}", plexica_backends::digest(&note.text))
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
        let removed = list(false, Reason::Removed);
        for (last, next, told) in [
            (&none, &ready, Some(false)),
            (&ready, &ready, None),
            (&ready, &down, Some(true)),
            (&down, &down, None),
            (&down, &ready, Some(false)),
            (&none, &waits, None),
            (&ready, &deleting, Some(false)),
            (&deleting, &removed, Some(false)),
            (&down, &removed, Some(false)),
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
    fn another_text_for_the_same_reason_is_told_anew_for_another_spec() {
        let list = |generation, message: &str| {
            let mut conditions = Conditions::new(&[], Some(generation), Timestamp::UNIX_EPOCH);
            conditions.set_false(ConditionType::Ready, Reason::InvalidSpec, message);
            conditions.finish()
        };
        for (next, told) in [((1, "a"), 0), ((2, "a"), 0), ((1, "b"), 0), ((2, "b"), 1)] {
            assert_eq!(notes(&list(1, "a"), &list(next.0, next.1)).len(), told, "{next:?}");
        }
        let note = |text: &str| Note { warning: true, reason: "InvalidSpec".into(), text: text.into() };
        assert_ne!(action(&note("a")), action(&note("b")), "or the recorder would count it to the first");
        assert_eq!(action(&note("a")), action(&note("a")));
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

    #[test]
    fn each_part_that_is_given_up_is_told_once() {
        let list = |reasons: [Reason; 2]| {
            let mut conditions = Conditions::new(&[], Some(1), Timestamp::UNIX_EPOCH);
            conditions.set_false(ConditionType::DatabaseReady, reasons[0], "the schema");
            conditions.set_false(ConditionType::IdentityReady, reasons[1], "the realm");
            conditions.finish()
        };
        let waits = list([Reason::BackendUnavailable, Reason::BackendUnavailable]);
        let one = list([Reason::Abandoned, Reason::BackendUnavailable]);
        let both = list([Reason::Abandoned, Reason::Abandoned]);
        for (last, next, told) in [
            (&waits, &one, vec!["the schema"]),
            (&one, &both, vec!["the realm"]),
            (&waits, &both, vec!["the schema", "the realm"]),
            (&both, &both, vec![]),
            (&both, &waits, vec![]),
        ] {
            let notes = notes(last, next);
            assert!(notes.iter().all(|note| note.warning && note.reason == "Abandoned"));
            assert_eq!(notes.into_iter().map(|note| note.text).collect::<Vec<_>>(), told);
        }
    }

    #[tokio::test]
    async fn an_api_that_takes_an_event_and_never_answers_holds_up_nobody() {
        let _already = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", silent.local_addr().unwrap()).parse().unwrap();
        let client = kube::Client::try_from(kube::Config::new(url)).unwrap();
        let recorder = Recorder::new(client, "plexica-operator".into());
        let (type_, reason, action) = (EventType::Normal, "Provisioned".to_owned(), "Reconcile".to_owned());
        let event = Event { type_, reason, note: None, action, secondary: None };
        let about = ObjectReference::default();
        let told = tell(&recorder, &event, &about, Duration::from_millis(100));
        tokio::time::timeout(Duration::from_mins(1), told).await.expect("it is given up");
    }
}
