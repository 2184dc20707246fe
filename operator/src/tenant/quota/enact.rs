//! Brings a plan into force, or back.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use plexica_backends::System;
use plexica_crds::{Reason, tenant::PlanStatus};

use super::{
    objects::{self, Objects},
    plan::{Step, ensure},
};
use crate::{
    context::Context,
    drift::{Course, Drift, Record, bring, withheld},
    plans::Definition,
    problem::{Problem, worst},
    tenant::{Part, plan::Ensure, validate::Valid},
};

/// What came of it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The plan in force.
    pub in_force: Option<PlanStatus>,
    /// Why it is not the one of the spec, or not all that it should be.
    pub told: Part<()>,
}

/// Does what is planned. A step that is refused for good leads back to the plan in force; what passes is
/// tried again from where it is. `room` is what came of the namespace.
pub async fn enact(context: &Context, valid: &Valid, step: Step, room: Option<&Problem>, drift: &mut Drift) -> Outcome {
    let Step { enter, in_force, refused, objects } = step;
    let brought = match (objects, room) {
        (None, _) => Ok(()),
        (Some(_), Some(_)) => Err(Problem::new(Reason::Pending, "it waits for the namespace.")),
        (Some(objects), None) => Box::pin(settle(context, valid, objects, enter.is_some(), drift)).await,
    };
    match (enter, brought) {
        (Some(plan), Ok(())) => {
            tracing::info!(tenant = %valid.slug, plan = plan.name, "the plan is in force");
            Outcome { in_force: Some(entered(plan)), told: Ok(()) }
        }
        (Some(plan), Err(problem)) if is_for_good(&problem) => {
            tracing::warn!(tenant = %valid.slug, plan = plan.name, "the plan was refused: {problem}");
            let back = Box::pin(go_back(context, valid, in_force.as_ref(), drift)).await;
            Outcome { told: Err(rolled_back(&plan, in_force.as_ref(), &problem, back.err())), in_force }
        }
        (Some(_), Err(problem)) => Outcome { in_force, told: Err(problem) },
        (None, brought) => {
            let problems: Vec<Problem> = [refused.err(), brought.err()].into_iter().flatten().collect();
            Outcome { in_force, told: worst(&problems).cloned().map_or(Ok(()), Err) }
        }
    }
}

fn entered(Definition { name, digest, limits }: Definition) -> PlanStatus {
    PlanStatus { name, digest, limits, since: Time(Timestamp::now()) }
}

/// Both objects as they are to be; those of a plan that comes into force are read back.
async fn settle(
    context: &Context,
    valid: &Valid,
    objects: Part<Ensure<Objects, Objects>>,
    entering: bool,
    drift: &mut Drift,
) -> Part<()> {
    let Ensure { desired, seen, aim } = objects?;
    let client = &context.client;
    let differences = objects::differences(client, valid, &desired, &seen);
    let ensure = objects::ensure(client, valid, &desired, &seen);
    bring(context, System::Kubernetes, &aim, drift, differences, ensure).await?;
    if aim.course == Course::Report && desired.is_missing_in(&seen) {
        drift.settled(&aim);
        return Err(withheld(&drift.kept_in(aim.part)));
    }
    if entering && aim.course != Course::Report {
        verify(context, valid, &desired).await?;
    }
    drift.settled(&aim);
    Ok(())
}

/// Somebody on the way may have made something else of what was asked for.
async fn verify(context: &Context, valid: &Valid, desired: &Objects) -> Part<()> {
    let seen = objects::observe(&context.client, &valid.namespace);
    let seen = context.tried(System::Kubernetes, "observe", seen).await?;
    let unlike = objects::unlike(valid, desired, &seen)?;
    if unlike.is_empty() {
        return Ok(());
    }
    let message = format!("Kubernetes has made something else of it; it still would have to be: {unlike}.");
    Err(Problem::new(Reason::InvalidSpec, message))
}

/// Both objects as the plan in force wants them, whatever there is now.
async fn go_back(context: &Context, valid: &Valid, in_force: Option<&PlanStatus>, drift: &mut Drift) -> Part<()> {
    let seen = objects::observe(&context.client, &valid.namespace);
    let seen = context.tried(System::Kubernetes, "observe", seen).await;
    // What is on its way is nobody else's doing.
    let record = Record::new(valid.drift, None);
    let objects = seen.map(|seen| ensure(valid, in_force.map(|plan| &plan.limits), seen, &record));
    Box::pin(settle(context, valid, objects, true, drift)).await
}

fn is_for_good(problem: &Problem) -> bool {
    !matches!(problem.reason, Reason::BackendUnavailable | Reason::Pending)
}

fn rolled_back(plan: &Definition, in_force: Option<&PlanStatus>, problem: &Problem, back: Option<Problem>) -> Problem {
    let before = in_force.map_or_else(|| "no plan".to_owned(), |plan| format!("the plan {}", plan.name));
    match back {
        None => Problem::new(
            Reason::PlanRolledBack,
            format!("the plan {} was refused: {problem} As before, {before} is in force.", plan.name),
        ),
        Some(back) => Problem::new(
            back.reason,
            format!("the plan {} was refused: {problem} The way back to {before} failed: {back}", plan.name),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn what_is_said_of_the_way_back() {
        let plans = fixture::plans("gold: {}\nfree: {}");
        let (gold, free) = (plans.get("gold").unwrap(), fixture::in_force("free", &plans));
        let denied = Problem::new(Reason::BackendDenied, "refused: no.");
        let down = Problem::new(Reason::BackendUnavailable, "no answer.");
        for (in_force, back, reason, message) in [
            (
                Some(&free),
                None,
                Reason::PlanRolledBack,
                "the plan gold was refused: refused: no. As before, the plan free is in force.",
            ),
            (
                None,
                None,
                Reason::PlanRolledBack,
                "the plan gold was refused: refused: no. As before, no plan is in force.",
            ),
            (
                Some(&free),
                Some(down),
                Reason::BackendUnavailable,
                "the plan gold was refused: refused: no. The way back to the plan free failed: no answer.",
            ),
        ] {
            assert_eq!(rolled_back(&gold, in_force, &denied, back), Problem::new(reason, message));
        }
    }

    #[test]
    fn what_passes_leads_nowhere_back() {
        for reason in Reason::ALL {
            let passes = matches!(reason, Reason::BackendUnavailable | Reason::Pending);
            assert_eq!(is_for_good(&Problem::new(*reason, "")), !passes);
        }
    }
}
