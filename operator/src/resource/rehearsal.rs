//! Objects for which the operator says what it would do, and does nothing. Pure.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::Resource;
use plexica_crds::{
    ConditionType, Conditions, Reason,
    label::{DRY_RUN, is_set},
};

use super::pause::hold_up;
use crate::problem::Problem;

/// Whether a person wants to hear of it first.
pub fn is_rehearsed<K: Resource>(object: &K) -> bool {
    is_set(object, DRY_RUN)
}

/// What was last seen of the object, and what would be done for it while `holder` has the annotation.
pub fn rehearsed<K: Resource>(
    object: &K,
    holder: &str,
    last: &[Condition],
    told: &str,
    now: Timestamp,
) -> Vec<Condition> {
    let message = format!("nothing is done while the annotation {DRY_RUN}{holder} is there; {told}");
    let mut conditions = Conditions::new(last, object.meta().generation, now).carried_over();
    conditions.set_true(ConditionType::DryRun, Reason::DryRun, &message);
    if last.is_empty() || is_told_alone(last) {
        conditions.set_false(ConditionType::Ready, Reason::DryRun, &message);
    }
    // By its reason it is known that a tenant was suspended, for as long as nothing is done.
    let is_suspended = last.iter().any(|condition| {
        condition.type_ == ConditionType::Ready.as_str() && condition.reason == Reason::Suspended.as_str()
    });
    if !is_suspended {
        hold_up(object, &mut conditions, Reason::DryRun, message);
    }
    conditions.finish()
}

/// Nothing was ever done for it, so that there is nothing else to say of it.
fn is_told_alone(last: &[Condition]) -> bool {
    last.iter().all(|condition| condition.reason == Reason::DryRun.as_str())
}

/// Everything that would be done, in one sentence.
pub fn would(told: &[String]) -> String {
    if told.is_empty() { "there is nothing to do".into() } else { format!("it would {}", told.join("; ")) }
}

/// That sentence, and what is in the way of it.
pub fn with_problems(told: &str, problems: &[Problem]) -> String {
    if problems.is_empty() {
        return format!("{told}.");
    }
    let problems: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
    format!("{told}. In the way: {}", problems.join(" "))
}
