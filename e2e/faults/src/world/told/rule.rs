//! What may follow an operation in the status of its resource. Every status is written by who has read the one before,
//! of however many operators: this is so whatever was disturbed, and wherever one of them died.

use plexica_crds::{OperationKind, OperationStatus};

/// What is wrong with what follows; `new` if no resource has told of it before.
pub fn wrong(before: &OperationStatus, next: &OperationStatus, new: bool) -> Option<String> {
    let over = |one: &OperationStatus| !one.phase.goes_on();
    let what = if before.id == next.id {
        // A rollout is about the version, whatever else of the entry changes meanwhile.
        let generation = |one: &OperationStatus| one.generation.filter(|_| one.kind != OperationKind::Rollout);
        let about = |one: &OperationStatus| (one.kind, generation(one), one.started_at.clone());
        let comes_again = over(before) && next.phase != before.phase;
        (about(before) != about(next) || comes_again).then_some("has become")?
    } else if !new {
        "is followed by one from before"
    } else {
        // Whatever it was about, what is as its spec asks has ended it; but what removed it is something else.
        let ends = over(next) && next.kind != OperationKind::Delete;
        let is_left = !over(before) && before.generation == next.generation && (before.kind == next.kind || ends);
        is_left.then_some("does not go on, but begins again as")?
    };
    Some(format!("{} {what} {}", told(before), told(next)))
}

fn told(OperationStatus { id, kind, generation, phase, .. }: &OperationStatus) -> String {
    format!("{kind:?} {id} ({phase:?}, of generation {})", generation.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::Book, *};

    fn operation(id: &str, kind: &str, generation: i64, phase: &str) -> OperationStatus {
        let told = json!({ "id": id, "kind": kind, "generation": generation, "phase": phase, "retries": 0,
            "startedAt": "2026-11-29T03:15:20Z", "progress": "0/1", "steps": [] });
        serde_json::from_value(told).unwrap()
    }

    /// How much is wrong with what one resource tells.
    fn wrong(told: &[OperationStatus]) -> usize {
        let mut book = Book::default();
        for operation in told {
            book.hear("uid".into(), operation);
        }
        book.wrong.len()
    }

    #[test]
    fn an_operator_that_begins_anew_after_each_death_is_found_out() {
        for phase in ["Running", "Failed"] {
            for ended in ["Running", "Failed", "Succeeded"] {
                let told = [("1", phase), ("2", "Running"), ("3", ended)];
                let told = told.map(|(id, phase)| operation(id, "Provision", 1, phase));
                assert_eq!(wrong(&told), 2, "{phase} {ended}");
            }
        }
        let told = [operation("1", "Upgrade", 2, "Running"), operation("2", "Update", 2, "Succeeded")];
        assert_eq!(wrong(&told), 1, "what was under way has ended");
    }

    #[test]
    fn what_goes_on_ends_or_is_replaced_by_something_else_is_well() {
        for (id, kind, generation, phase) in [
            ("1", "Update", 1, "Running"),
            ("1", "Update", 1, "Failed"),
            ("1", "Update", 1, "Succeeded"),
            ("2", "Update", 2, "Running"),
            ("2", "Update", 2, "Succeeded"),
            ("2", "Upgrade", 1, "Running"),
            ("2", "Delete", 1, "Succeeded"),
        ] {
            let told = [operation("1", "Update", 1, "Running"), operation(id, kind, generation, phase)];
            assert_eq!(wrong(&told), 0, "{id} {kind} {generation} {phase}");
        }
        let again = [operation("1", "Update", 1, "Succeeded"), operation("2", "Update", 1, "Running")];
        assert_eq!(wrong(&again), 0, "it is no longer as it was");
    }

    #[test]
    fn a_rollout_goes_on_whatever_changes_and_may_begin_again_once_it_is_over() {
        let begun = operation("1", "Rollout", 1, "Running");
        for phase in ["Running", "Failed", "Succeeded", "Superseded"] {
            assert_eq!(wrong(&[begun.clone(), operation("1", "Rollout", 2, phase)]), 0, "{phase}");
        }
        for (phase, mistakes) in [("Running", 1), ("Failed", 1), ("Succeeded", 0), ("Superseded", 0)] {
            let told = [operation("1", "Rollout", 1, phase), operation("2", "Rollout", 1, "Running")];
            assert_eq!(wrong(&told), mistakes, "{phase}");
        }
        assert_eq!(wrong(&[operation("1", "Rollout", 1, "Superseded"), begun]), 1, "it comes again");
    }

    #[test]
    fn what_is_over_stays_so_and_what_was_replaced_does_not_come_again() {
        let (first, other) = (operation("1", "Update", 1, "Running"), operation("2", "Upgrade", 1, "Running"));
        assert_eq!(wrong(&[first.clone(), other.clone(), first.clone()]), 1);
        assert_eq!(wrong(&[operation("1", "Update", 1, "Succeeded"), first.clone()]), 1);
        assert_eq!(wrong(&[first, operation("1", "Upgrade", 1, "Running")]), 1);
    }
}
