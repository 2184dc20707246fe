//! The operation after a status.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use plexica_crds::{ConditionType, OperationKind, OperationPhase, OperationStatus, OperationStep, Reason, StepPhase};

use super::Doing;
use crate::{
    problem::{Problem, Remedy},
    resource::is_settled,
};

/// Not steps: they tell of the whole.
const OF_THE_WHOLE: [ConditionType; 7] = [
    ConditionType::Ready,
    ConditionType::Reconciling,
    ConditionType::Stalled,
    ConditionType::Paused,
    ConditionType::DryRun,
    ConditionType::Drifted,
    ConditionType::ConsentRequired,
];

/// What is seen of a resource.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// The operation that its status told of last.
    pub last: Option<&'a OperationStatus>,
    /// What is being done about it.
    pub doing: Doing,
    /// The generation of its spec.
    pub generation: Option<i64>,
    /// The conditions that are about to be written.
    pub conditions: &'a [Condition],
    /// What is most in the way.
    pub problem: Option<&'a Problem>,
}

/// The operation that belongs into the status beside those conditions.
pub fn next(seen: Seen<'_>, id: impl FnOnce() -> String, now: Timestamp) -> Option<OperationStatus> {
    let Seen { last, doing, generation, conditions, problem } = seen;
    let new = |kind, id| OperationStatus { generation, ..begin(kind, id, now) };
    let kind = match (doing, last) {
        (Doing::Nothing, last) => return last.cloned(),
        // From before there were operations.
        (Doing::Done(kind), None)
            if !matches!(kind, OperationKind::Provision | OperationKind::Install | OperationKind::Delete) =>
        {
            return None;
        }
        // What was done before is not what removed it, nor what led it back.
        (Doing::Done(kind @ (OperationKind::Delete | OperationKind::Rollback)), Some(last)) if last.kind != kind => {
            return Some(done(&new(kind, id()), conditions, now));
        }
        (Doing::Done(_), Some(last)) if last.generation == generation => return Some(done(last, conditions, now)),
        (Doing::Done(kind), _) => return Some(done(&new(kind, id()), conditions, now)),
        (Doing::Now(kind), _) => kind,
    };
    let same = |last: &&OperationStatus| {
        last.kind == kind && last.generation == generation && last.phase != OperationPhase::Succeeded
    };
    let begun = last.filter(same).cloned().unwrap_or_else(|| new(kind, id()));
    let remedy = problem.map(Problem::remedy);
    let stuck = remedy == Some(Remedy::Change);
    let steps = steps(conditions);
    // Not each time it is tried: a status that changes wakes others, who would then try in turns.
    let failed = remedy == Some(Remedy::Retry) && steps != begun.steps;
    Some(OperationStatus {
        phase: if stuck { OperationPhase::Failed } else { OperationPhase::Running },
        completed_at: stuck.then(|| begun.completed_at.unwrap_or(Time(now))),
        retries: begun.retries + i64::from(failed),
        progress: progress(&steps),
        steps,
        ..begun
    })
}

/// One of which nothing is done yet.
pub(super) const fn begin(kind: OperationKind, id: String, now: Timestamp) -> OperationStatus {
    OperationStatus {
        id,
        kind,
        generation: None,
        phase: OperationPhase::Running,
        started_at: Time(now),
        completed_at: None,
        retries: 0,
        progress: String::new(),
        steps: Vec::new(),
    }
}

fn done(last: &OperationStatus, conditions: &[Condition], now: Timestamp) -> OperationStatus {
    if last.phase == OperationPhase::Succeeded {
        return last.clone();
    }
    // What is False is so because it was wanted: removed, or not routed.
    let all_done = |step| OperationStep { phase: StepPhase::Done, ..step };
    let steps: Vec<OperationStep> = steps(conditions).into_iter().map(all_done).collect();
    OperationStatus {
        phase: OperationPhase::Succeeded,
        completed_at: Some(Time(now)),
        progress: progress(&steps),
        steps,
        ..last.clone()
    }
}

pub(super) fn progress(steps: &[OperationStep]) -> String {
    let done = steps.iter().filter(|step| step.phase == StepPhase::Done).count();
    format!("{done}/{}", steps.len())
}

fn steps(conditions: &[Condition]) -> Vec<OperationStep> {
    let of_a_part = |condition: &&Condition| OF_THE_WHOLE.iter().all(|whole| whole.as_str() != condition.type_);
    conditions.iter().filter(of_a_part).map(step).collect()
}

fn step(condition: &Condition) -> OperationStep {
    let reason = condition.reason.parse::<Reason>().ok();
    let is_there = condition.status == "True";
    let done = is_there || reason.is_some_and(is_settled);
    let remedy = reason.map(|reason| Problem::new(reason, "").remedy());
    let phase = match remedy {
        _ if done => StepPhase::Done,
        Some(Remedy::Retry | Remedy::Change) => StepPhase::Failed,
        Some(Remedy::Wait) | None => StepPhase::Waiting,
    };
    let message = if is_there { String::new() } else { condition.message.clone() };
    OperationStep { name: condition.type_.clone(), phase, message }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plexica_crds::Conditions;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn conditions(database: Option<Reason>) -> Vec<Condition> {
        let mut conditions = Conditions::new(&[], Some(1), at(0));
        conditions.set_false(ConditionType::Ready, Reason::Progressing, "");
        match database {
            None => conditions.set_true(ConditionType::DatabaseReady, Reason::Provisioned, ""),
            Some(reason) => conditions.set_false(ConditionType::DatabaseReady, reason, "why."),
        }
        conditions.finish()
    }

    /// Goes on from `last`, as what is seen says.
    fn go(
        last: Option<&OperationStatus>,
        doing: Doing,
        generation: i64,
        failed: Option<Reason>,
        now: i64,
    ) -> Option<OperationStatus> {
        let (conditions, problem) = (conditions(failed), failed.map(|reason| Problem::new(reason, "why.")));
        let seen =
            Seen { last, doing, generation: Some(generation), conditions: &conditions, problem: problem.as_ref() };
        next(seen, || format!("id-{now}"), at(now))
    }

    #[test]
    fn the_end_of_what_goes_is_no_end_of_what_was_done_before() {
        use OperationKind::{Delete, Provision};
        let made = go(None, Doing::Done(Provision), 1, None, 1).unwrap();
        // Gone in one look, whether or not the generation tells of it.
        for generation in [1, 2] {
            let gone = go(Some(&made), Doing::Done(Delete), generation, None, 2).unwrap();
            assert_eq!((gone.id.as_str(), gone.kind, gone.phase), ("id-2", Delete, OperationPhase::Succeeded));
            let again = go(Some(&gone), Doing::Done(Delete), generation, None, 3).unwrap();
            assert_eq!(again, gone, "the next operator removes the finalizer only");
        }
        let goes = go(Some(&made), Doing::Now(Delete), 2, Some(Reason::BackendUnavailable), 2).unwrap();
        let gone = go(Some(&goes), Doing::Done(Delete), 2, None, 3).unwrap();
        assert_eq!((gone.id, gone.completed_at), (goes.id, Some(Time(at(3)))));
        let removed = {
            let mut conditions = Conditions::new(&[], Some(1), at(0));
            conditions.set_false(ConditionType::DatabaseReady, Reason::Removed, "schema a was removed.");
            conditions.finish()
        };
        let seen = Seen {
            last: Some(&made),
            doing: Doing::Done(Delete),
            generation: Some(2),
            conditions: &removed,
            problem: None,
        };
        let ended = next(seen, || "id-4".into(), at(4)).unwrap();
        assert_eq!(
            (ended.progress.as_str(), ended.steps[0].phase),
            ("1/1", StepPhase::Done),
            "it is removed as wanted"
        );
        assert_eq!(go(None, Doing::Done(Delete), 2, None, 1).unwrap().kind, Delete, "from before there were any");
    }

    #[test]
    fn from_the_start_to_the_end() {
        use OperationKind::{Provision, Update};
        assert_eq!(go(None, Doing::Done(Update), 1, None, 0), None, "nothing was ever done");
        let begun = go(None, Doing::Now(Provision), 1, Some(Reason::Pending), 1).unwrap();
        assert_eq!((begun.id.as_str(), begun.phase, begun.retries), ("id-1", OperationPhase::Running, 0));
        let step = |phase| OperationStep { name: "DatabaseReady".into(), phase, message: "why.".into() };
        assert_eq!((&*begun.steps, begun.progress.as_str()), (&[step(StepPhase::Waiting)][..], "0/1"));
        let failed = go(Some(&begun), Doing::Now(Provision), 1, Some(Reason::BackendUnavailable), 2).unwrap();
        assert_eq!((failed.id.as_str(), failed.retries), ("id-1", 1), "another operator goes on with it");
        assert_eq!(failed.steps, [step(StepPhase::Failed)]);
        let again = go(Some(&failed), Doing::Now(Provision), 1, Some(Reason::BackendUnavailable), 2).unwrap();
        assert_eq!(again, failed, "nothing is new, so nothing is written");
        let stuck = go(Some(&failed), Doing::Now(Provision), 1, Some(Reason::Conflict), 3).unwrap();
        assert_eq!((stuck.phase, stuck.completed_at.clone()), (OperationPhase::Failed, Some(Time(at(3)))));
        let stays = go(Some(&stuck), Doing::Now(Provision), 1, Some(Reason::Conflict), 4).unwrap();
        assert_eq!(stays, stuck, "nothing changed, so nothing is written");
        let mended = go(Some(&stuck), Doing::Done(Update), 1, None, 5).unwrap();
        assert_eq!((mended.phase, mended.completed_at.clone()), (OperationPhase::Succeeded, Some(Time(at(5)))));
        assert_eq!(mended.progress, "1/1");
        assert_eq!(go(Some(&mended), Doing::Done(Update), 1, None, 6), Some(mended.clone()));
        let at_once = go(Some(&mended), Doing::Done(Update), 2, None, 7).unwrap();
        assert_eq!((at_once.id.as_str(), at_once.phase), ("id-7", OperationPhase::Succeeded), "in one look");
        assert_eq!(go(Some(&mended), Doing::Nothing, 2, None, 7), Some(mended.clone()), "left alone");
        let update = go(Some(&mended), Doing::Now(Update), 2, None, 7).unwrap();
        assert_eq!((update.id.as_str(), update.started_at), ("id-7", Time(at(7))));
    }

    #[test]
    fn another_spec_or_another_thing_to_do_is_another_operation() {
        use OperationKind::{Rollback, Update, Upgrade};
        let begun = go(None, Doing::Now(Upgrade), 1, None, 1).unwrap();
        for (kind, generation, id) in [(Upgrade, 1, "id-1"), (Upgrade, 2, "id-2"), (Rollback, 1, "id-2")] {
            assert_eq!(
                go(Some(&begun), Doing::Now(kind), generation, None, 2).unwrap().id,
                id,
                "{kind:?} {generation}"
            );
        }
        let done = go(Some(&begun), Doing::Done(Update), 1, None, 3).unwrap();
        assert_eq!(
            go(Some(&done), Doing::Now(Upgrade), 1, None, 4).unwrap().id,
            "id-4",
            "the catalogue has a newer one"
        );
    }
}
