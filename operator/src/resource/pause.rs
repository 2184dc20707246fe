//! Objects that the operator leaves alone. Pure.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::Resource;
use plexica_crds::{
    ConditionType, Conditions, Reason,
    label::{PAUSED, is_set},
};

/// Whether a person holds the operator off the object.
pub fn is_paused<K: Resource>(object: &K) -> bool {
    is_set(object, PAUSED)
}

/// What was last seen of the object, and that nobody looks any more; `holder` has the annotation.
pub fn paused<K: Resource>(object: &K, holder: &str, last: &[Condition], now: Timestamp) -> Vec<Condition> {
    let message = match object.meta().deletion_timestamp {
        None => format!("nothing is written for it until the annotation {PAUSED} of {holder} is removed"),
        Some(_) => format!("it is removed when the annotation {PAUSED} of {holder} is"),
    };
    let mut conditions = Conditions::new(last, object.meta().generation, now).carried_over();
    conditions.set_true(ConditionType::Paused, Reason::Paused, &message);
    hold_up(object, &mut conditions, Reason::Paused, message);
    conditions.finish()
}

/// What is to go is not as it was, although nothing is done about it.
pub fn hold_up<K: Resource>(object: &K, conditions: &mut Conditions, by: Reason, message: String) {
    if object.meta().deletion_timestamp.is_some() {
        conditions.set_false(ConditionType::Ready, by, message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use kube::ResourceExt;

    #[test]
    fn an_annotation_that_is_not_false_pauses() {
        for (value, pauses) in [(None, false), (Some("true"), true), (Some(""), true), (Some("false"), false)] {
            let mut tenant = fixture::tenant("acme");
            tenant.annotations_mut().extend(value.map(|value| (PAUSED.to_owned(), value.to_owned())));
            assert_eq!(is_paused(&tenant), pauses, "{value:?}");
        }
    }

    #[test]
    fn what_was_known_is_still_said() {
        let mut tenant = fixture::tenant("acme");
        let last = tenant.status.clone().unwrap().conditions;
        let conditions = paused(&tenant, "tenant acme", &last, Timestamp::UNIX_EPOCH);
        let kinds: Vec<&str> = conditions.iter().map(|condition| condition.type_.as_str()).collect();
        assert_eq!(kinds, ["Ready", "Paused", "DatabaseReady", "NamespaceReady"]);
        assert_eq!(conditions[0], last[0]);
        assert_eq!(
            paused(&tenant, "tenant acme", &conditions, Timestamp::MAX),
            conditions,
            "nothing changed, so nothing is written"
        );
        tenant.metadata.deletion_timestamp = Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(Timestamp::MAX));
        let held_up = paused(&tenant, "tenant acme", &last, Timestamp::MAX);
        assert!(held_up[1].message.contains("it is removed when"));
        assert_eq!((held_up[0].status.as_str(), held_up[0].reason.as_str()), ("False", "Paused"));
    }
}
