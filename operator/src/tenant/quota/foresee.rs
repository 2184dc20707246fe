//! What would be done about the plan. Reads only.

use plexica_backends::{Changes, System};

use super::{Step, objects};
use crate::{
    context::Context,
    drift::Aim,
    problem::Problem,
    tenant::{Part, plan::Ensure, validate::Valid},
};

/// What would become of the plan.
#[derive(Debug)]
pub struct Foreseen {
    /// The plan that would come into force, and the one that is.
    pub enter: Option<(String, Option<String>)>,
    /// Whether what plugins are told of it would be something else.
    pub plugins_told: bool,
    /// Why the plan of the spec would not.
    pub refused: Option<Problem>,
    /// What would be written in the namespace.
    pub objects: Option<Part<(Aim, Changes)>>,
}

/// Asks what a step would do.
pub async fn foresee(context: &Context, valid: &Valid, step: Step) -> Foreseen {
    let Step { enter, in_force, refused, objects } = step;
    let before = in_force.as_ref().map(|plan| &plan.limits.features);
    let plugins_told = match (&enter, before) {
        (Some(plan), Some(before)) => plan.limits.features != *before,
        (Some(plan), None) => !plan.limits.features.is_empty(),
        (None, _) => false,
    };
    let objects = match objects {
        None => None,
        Some(Err(problem)) => Some(Err(problem)),
        Some(Ok(Ensure { desired, seen, aim })) => {
            let differs = objects::differences(&context.client, valid, &desired, &seen);
            Some(context.tried(System::Kubernetes, "observe", differs).await.map(|changes| (aim, changes)))
        }
    };
    Foreseen {
        enter: enter.map(|plan| (plan.name, in_force.map(|plan| plan.name))),
        plugins_told,
        refused: refused.err(),
        objects,
    }
}
