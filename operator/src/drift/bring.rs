//! Following the course.

use plexica_backends::{Changes, System};

use super::{Aim, Course, Difference, Drift};
use crate::{context::Context, problem::Problem};

/// Writes what differs in a part, or only says what does; the answer is whether it wrote. Of the two
/// calls one is made.
///
/// # Errors
/// What the backend refused.
pub async fn bring(
    context: &Context,
    system: System,
    aim: &Aim,
    drift: &mut Drift,
    differences: impl Future<Output = plexica_backends::Result<Changes>>,
    ensure: impl Future<Output = plexica_backends::Result<Changes>>,
) -> Result<bool, Problem> {
    if aim.course == Course::Report {
        drift.keep(aim.part, context.tried(system, "observe", differences).await?);
        return Ok(false);
    }
    let changes = context.tried(system, "ensure", ensure).await?;
    context.wrote(system, &changes);
    let wrote = !changes.is_empty();
    if aim.course == Course::Repair && wrote {
        drift.repaired.push(Difference { part: aim.part, changes });
    }
    Ok(wrote)
}
