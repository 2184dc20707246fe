//! A list of conditions that keeps its times honest.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use super::{ConditionType, Reason};

/// Builds the next list from the last one: a condition's `lastTransitionTime` moves only when its
/// status does, so that an unchanged resource gives an unchanged status.
#[derive(Clone, Debug)]
pub struct Conditions {
    last: Vec<Condition>,
    next: Vec<Condition>,
    generation: Option<i64>,
    now: Timestamp,
}

impl Conditions {
    /// From the list in the resource's status, for a generation of its spec.
    pub fn new(last: &[Condition], generation: Option<i64>, now: Timestamp) -> Self {
        Self { last: last.to_vec(), next: Vec::new(), generation, now }
    }

    /// Keeps all of the last list that are not set again.
    #[must_use]
    pub fn carried_over(mut self) -> Self {
        self.next.clone_from(&self.last);
        self
    }

    /// Sets one to True.
    pub fn set_true(&mut self, kind: ConditionType, reason: Reason, message: impl Into<String>) {
        self.set(kind, "True", reason, message.into());
    }

    /// Sets one to False.
    pub fn set_false(&mut self, kind: ConditionType, reason: Reason, message: impl Into<String>) {
        self.set(kind, "False", reason, message.into());
    }

    /// Sets one to Unknown.
    pub fn set_unknown(&mut self, kind: ConditionType, reason: Reason, message: impl Into<String>) {
        self.set(kind, "Unknown", reason, message.into());
    }

    /// The next list: Ready first, the rest in a fixed order. Conditions that were not set again
    /// are gone.
    pub fn finish(mut self) -> Vec<Condition> {
        let position = |condition: &Condition| ORDER.iter().position(|kind| kind.as_str() == condition.type_);
        self.next.sort_by_key(position);
        self.next
    }

    fn set(&mut self, kind: ConditionType, status: &str, reason: Reason, message: String) {
        let since = self
            .last
            .iter()
            .find(|condition| condition.type_ == kind.as_str() && condition.status == status)
            .map_or(Time(self.now), |condition| condition.last_transition_time.clone());
        let condition = Condition {
            type_: kind.as_str().into(),
            status: status.into(),
            reason: reason.as_str().into(),
            message,
            observed_generation: self.generation,
            last_transition_time: since,
        };
        match self.next.iter_mut().find(|other| other.type_ == condition.type_) {
            Some(other) => *other = condition,
            None => self.next.push(condition),
        }
    }
}

const ORDER: [ConditionType; 18] = [
    ConditionType::Ready,
    ConditionType::Reconciling,
    ConditionType::Stalled,
    ConditionType::Paused,
    ConditionType::DryRun,
    ConditionType::Drifted,
    ConditionType::DatabaseReady,
    ConditionType::IdentityReady,
    ConditionType::StorageReady,
    ConditionType::NamespaceReady,
    ConditionType::PlanApplied,
    ConditionType::BackedUp,
    ConditionType::Resolved,
    ConditionType::WorkloadReady,
    ConditionType::Migrated,
    ConditionType::Routed,
    ConditionType::Configured,
    ConditionType::ConsentRequired,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap_or_default()
    }

    fn one(last: &[Condition], now: i64, ready: bool) -> Vec<Condition> {
        let mut conditions = Conditions::new(last, Some(3), at(now));
        conditions.set_true(ConditionType::DatabaseReady, Reason::Provisioned, "");
        if ready {
            conditions.set_true(ConditionType::Ready, Reason::Provisioned, "all parts are ready");
        } else {
            conditions.set_false(ConditionType::Ready, Reason::BackendUnavailable, "identity: no answer");
        }
        conditions.finish()
    }

    #[test]
    fn ready_is_first_and_generation_is_told() {
        let list = one(&[], 1, true);
        assert_eq!(list[0].type_, "Ready");
        assert_eq!(list[0].observed_generation, Some(3));
    }

    #[test]
    fn times_move_with_the_status_alone() {
        let first = one(&[], 1, true);
        let same = one(&first, 2, true);
        assert_eq!(first, same, "nothing changed, so nothing is written");
        let broken = one(&same, 3, false);
        assert_eq!(broken[0].last_transition_time, Time(at(3)));
        assert_eq!(broken[1].last_transition_time, Time(at(1)));
    }

    #[test]
    fn setting_twice_keeps_one() {
        let mut conditions = Conditions::new(&[], None, at(1));
        conditions.set_false(ConditionType::Ready, Reason::Progressing, "");
        conditions.set_true(ConditionType::Ready, Reason::Provisioned, "");
        let list = conditions.finish();
        assert_eq!(list.len(), 1);
        assert_eq!(list[0].status, "True");
    }
}

#[cfg(test)]
#[path = "list_tests.rs"]
mod properties;
