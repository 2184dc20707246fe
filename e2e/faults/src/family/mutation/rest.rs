//! Ends at which nothing serves, whatever was said before.

use plexica_crds::plugin_install::Phase;
use serde_json::json;

use super::Asked;
use crate::{
    story::Step,
    world::{Case, Violation, World, converges},
};

/// Such an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// The tenant is suspended.
    Suspended,
    /// The install is disabled.
    Disabled,
}

impl Rest {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Suspended, Self::Disabled];
}

/// Says all that is asked but for that, waits until it is so, and looks whether everything is there.
///
/// # Errors
/// What does not come to rest, or is lost.
pub async fn rests(world: &World, case: &Case, asked: &Asked, rest: Rest) -> Result<(), Violation> {
    let mut resting = asked.clone();
    match rest {
        Rest::Suspended => resting.tenant["spec"]["suspend"] = json!(true),
        Rest::Disabled => resting.install["spec"]["enabled"] = json!(false),
    }
    resting.say_all(world, case).await?;
    match rest {
        Rest::Suspended => Step::Suspend.done(world, case).await,
        Rest::Disabled => disabled(world, case).await,
    }
}

async fn disabled(world: &World, case: &Case) -> Result<(), Violation> {
    converges(&format!("the install of {} is disabled", case.slug), async || {
        let install = world.install(case).await?;
        let status = install.status.unwrap_or_default();
        let is = status.observed_generation == install.metadata.generation
            && status.phase == Some(Phase::Disabled)
            && status.route.is_none()
            && !world.runs(&case.plugin);
        if is { Ok(()) } else { Err(format!("runs: {}, {status:?}", world.runs(&case.plugin))) }
    })
    .await
}
