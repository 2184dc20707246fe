//! What the status says of drift. Pure.

use plexica_backends::Changes;
use plexica_crds::{ConditionType, Conditions, Reason};

use super::{Difference, Drift};
use crate::problem::Problem;

/// Sets the condition Drifted; `unseen` is what kept a part from being looked at.
pub fn mark(conditions: &mut Conditions, drift: &Drift, unseen: Option<&Problem>) {
    if !drift.kept.is_empty() {
        let all: Vec<String> = drift.kept.iter().map(would).collect();
        let message = format!("{}. Left so, as driftPolicy Report says.", all.join("; "));
        conditions.set_true(ConditionType::Drifted, Reason::DriftDetected, message);
    } else if let Some(Problem { reason, .. }) = unseen {
        conditions.set_unknown(ConditionType::Drifted, *reason, "not every part could be looked at");
    } else {
        conditions.set_false(ConditionType::Drifted, Reason::Provisioned, "");
    }
}

fn would(Difference { part, changes }: &Difference) -> String {
    format!("{part}: a repair would {}", changes.to_do())
}

/// The problem of a part that somebody removed and that is left so.
pub fn withheld(kept: &Changes) -> Problem {
    let message = format!(
        "it is not all there any more, and driftPolicy Report leaves it so; a repair would {}. Set spec.driftPolicy to Repair, or bring it back by hand.",
        kept.to_do()
    );
    Problem::new(Reason::DriftDetected, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    #[test]
    fn kept_comes_before_unseen_and_both_before_nothing() {
        let changes = Changes::from_iter(["granted USAGE on schema a", "took the login of role a"]);
        let kept = |part| Difference { part, changes: changes.clone() };
        let drifted = Drift { kept: vec![kept("database"), kept("workload")], ..Drift::default() };
        let repaired = Drift { repaired: vec![kept("database")], ..Drift::default() };
        let down = Problem::new(Reason::BackendUnavailable, "no answer.");
        let sentence = "database: a repair would grant USAGE on schema a, take the login of role a; \
                        workload: a repair would grant USAGE on schema a, take the login of role a. \
                        Left so, as driftPolicy Report says.";
        for (drift, unseen, status, reason, message) in [
            (&drifted, None, "True", "DriftDetected", sentence),
            (&drifted, Some(&down), "True", "DriftDetected", sentence),
            (&repaired, Some(&down), "Unknown", "BackendUnavailable", "not every part could be looked at"),
            (&repaired, None, "False", "Provisioned", ""),
            (&Drift::default(), None, "False", "Provisioned", ""),
        ] {
            let mut conditions = Conditions::new(&[], Some(1), Timestamp::UNIX_EPOCH);
            mark(&mut conditions, drift, unseen);
            let told = conditions.finish().remove(0);
            assert_eq!((told.status.as_str(), told.reason.as_str(), told.message.as_str()), (status, reason, message));
        }
        assert!(withheld(&changes).message.contains("a repair would grant USAGE on schema a"));
    }
}
