//! What is to be done about the plan. Pure.

use plexica_crds::tenant::{PlanLimits, PlanResources, PlanStatus};

use super::{
    Change, desired,
    exceeded::{counted, fits},
    objects::Objects,
    usage::Usage,
};
use crate::{
    drift::Record,
    plans::Definition,
    tenant::{Part, plan::Ensure, validate::Valid},
};

/// In the terms of the record.
const PLAN: &str = "plan";

/// What was seen.
#[derive(Debug)]
pub struct Observed {
    /// The plan in force, and the one that is wanted.
    pub change: Change,
    /// What is used of what the wanted one limits, if it is another.
    pub usage: Part<Usage>,
    /// What is in the namespace, if there may or is to be anything.
    pub objects: Option<Part<Objects>>,
}

#[cfg(test)]
impl Observed {
    /// The standard plan in force, and nothing to be done.
    pub fn unlimited() -> Self {
        let plans = crate::plans::Plans::default();
        let in_force = Some(crate::fixture::in_force("standard", &plans));
        let change = Change { in_force, wanted: plans.get("standard") };
        Self { change, usage: Ok(Usage::default()), objects: None }
    }
}

/// What is to be done.
#[derive(Debug)]
pub struct Step {
    /// The plan that comes into force.
    pub enter: Option<Definition>,
    /// The plan in force, which stays if none comes or if something of the one that does is refused.
    pub in_force: Option<PlanStatus>,
    /// Why the plan of the spec does not come into force.
    pub refused: Part<()>,
    /// What is to be in the namespace.
    pub objects: Option<Part<Ensure<Objects, Objects>>>,
}

/// The plan of the spec if it is known and the tenant fits into it, or else the one in force.
pub fn plan(valid: &Valid, observed: Observed, record: &Record) -> Step {
    let Observed { change, usage, objects } = observed;
    let (enter, refused) = match (&change.wanted, change.due()) {
        (Err(problem), _) => (None, Err(problem.clone())),
        (Ok(_), None) => (None, Ok(())),
        (Ok(_), Some(due)) => match allowed(due, usage, objects.as_ref(), change.in_force.as_ref()) {
            Ok(()) => (Some(due.clone()), Ok(())),
            Err(problem) => (None, Err(problem)),
        },
    };
    let Change { in_force, wanted: _ } = change;
    let limits = enter.as_ref().map(|plan| &plan.limits).or(in_force.as_ref().map(|plan| &plan.limits));
    let objects = objects.map(|seen| seen.map(|seen| ensure(valid, limits, seen, record)));
    Step { enter, in_force, refused, objects }
}

fn allowed(
    due: &Definition,
    usage: Part<Usage>,
    seen: Option<&Part<Objects>>,
    in_force: Option<&PlanStatus>,
) -> Part<()> {
    // The same under another name, or with other words for plugins, takes nothing away.
    if in_force
        .is_some_and(|plan| plan.limits.quotas == due.limits.quotas && plan.limits.resources == due.limits.resources)
    {
        return Ok(());
    }
    let quota = seen.and_then(|seen| seen.as_ref().ok()?.quota.as_ref());
    let mut usage = usage?;
    // What Kubernetes itself counts is what its quota goes by.
    usage.resources.extend(counted(quota));
    fits(due, &usage, in_force.map(|plan| plan.name.as_str()))
}

/// Both objects, from what was seen to what is allowed.
pub fn ensure(valid: &Valid, limits: Option<&PlanLimits>, seen: Objects, record: &Record) -> Ensure<Objects, Objects> {
    let nothing = PlanResources::default();
    let desired = desired::objects(valid, limits.map_or(&nothing, |limits| &limits.resources));
    let aim = record.aim(PLAN, Some(desired.digest(&valid.mark)));
    Ensure { desired, seen, aim }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
