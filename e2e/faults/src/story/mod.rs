//! What happens to one tenant and its plugin: the steps that every family tries to break.

pub mod apply;
pub mod claim;
mod status;

pub use apply::move_to;
pub use status::contracted;

use plexica_crds::plugin_install::UpgradePhase;

use crate::{
    check::{self, Expected},
    world::{Case, LIMITED_PLAN, Violation, World},
};

/// One thing that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Tenant, plugin and install are made.
    Create,
    /// The install has another configuration: the plugin is asked, and takes it in new processes alone.
    Configure,
    /// Another version is installed, and the one before is kept beside it.
    Bake,
    /// The version before is asked for again.
    GoBack,
    /// The other version is installed for good; the tenant goes first, before all others.
    Upgrade,
    /// The credentials of both are replaced.
    Rotate,
    /// The tenant has the plugin for itself from now on.
    Isolate,
    /// The tenant has another plan and one domain more, and the install another configuration, which the plugin takes
    /// while it runs, and what its version asks for besides.
    Plan,
    /// The tenant is suspended.
    Suspend,
    /// It is resumed.
    Resume,
    /// The install is disabled.
    Disable,
    /// It is enabled.
    Enable,
    /// Tenant and install go, their data stays.
    Leave,
    /// They come back to it.
    Return,
    /// They go with their data.
    Remove,
}

/// In which order resources are applied that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Order {
    /// Each after what it needs.
    Forwards,
    /// Each before what it needs.
    Backwards,
    /// The plugin last.
    PluginLast,
}

impl Order {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Forwards, Self::Backwards, Self::PluginLast];
}

/// A version of the plugin.
pub const FIRST: &str = "1.0.0";
/// The next one.
pub const SECOND: &str = "2.0.0";

/// The plan that the tenant changes to.
const PLAN: &str = LIMITED_PLAN;

/// How many steps a life has.
pub const STEPS: usize = 15;

impl Step {
    /// A whole life.
    pub const ALL: [Self; STEPS] = [
        Self::Create,
        Self::Configure,
        Self::Bake,
        Self::GoBack,
        Self::Upgrade,
        Self::Rotate,
        Self::Isolate,
        Self::Plan,
        Self::Suspend,
        Self::Resume,
        Self::Disable,
        Self::Enable,
        Self::Leave,
        Self::Return,
        Self::Remove,
    ];

    /// Asks for it.
    pub async fn ask(self, world: &World, case: &Case, order: Order) {
        apply::ask(self, world, case, order).await;
    }

    /// Waits until it is done as far as resources tell, and then holds the world against that.
    ///
    /// # Errors
    /// What does not come to be, or does not become as the resources say.
    pub async fn done(self, world: &World, case: &Case) -> Result<(), Violation> {
        match self {
            Self::Suspend => status::suspended(world, case).await?,
            Self::Disable => status::disabled(world, case).await?,
            Self::Leave | Self::Remove => status::gone(world, case).await?,
            _ => status::ready(world, case, self.version()).await?,
        }
        match self {
            Self::Configure => status::restarted(world, case).await?,
            Self::Bake => status::upgrade_is(world, case, UpgradePhase::Baking).await?,
            Self::GoBack => status::upgrade_is(world, case, UpgradePhase::RolledBack).await?,
            Self::Upgrade => {
                contracted(world, case).await?;
                status::open(world, case).await?;
            }
            Self::Rotate => status::rotated(world, case).await?,
            Self::Plan => status::planned(world, case).await?,
            _ => {}
        }
        if matches!(self.expected(), Expected::Running { .. }) {
            status::granted(world, case, self).await?;
        }
        // An operator that was killed took its plugins with it: what it had told last is true again
        // only when the next one has looked.
        world
            .converges("the world is as the resources ask", async || {
                check::case(world, case, self.expected()).await.map_err(|Violation(text)| text)
            })
            .await?;
        world.told.goes_on()?;
        world.hide_passwords_of_plugins();
        if self == Self::Create {
            check::plant(world, case).await?;
        }
        Ok(())
    }

    /// What has to have been before.
    const fn needs(self) -> Option<Self> {
        match self {
            Self::Create => None,
            Self::Configure | Self::Bake | Self::Upgrade | Self::Remove => Some(Self::Create),
            Self::GoBack => Some(Self::Bake),
            Self::Rotate | Self::Isolate | Self::Plan | Self::Disable | Self::Leave => Some(Self::Upgrade),
            Self::Suspend => Some(Self::Plan),
            Self::Resume => Some(Self::Suspend),
            Self::Enable => Some(Self::Disable),
            Self::Return => Some(Self::Leave),
        }
    }

    /// The shortest life with these steps in it.
    pub fn life(wanted: impl Fn(Self) -> bool) -> Vec<Self> {
        let mut life = vec![Self::Create, Self::Remove];
        for step in Self::ALL.into_iter().filter(|step| wanted(*step)) {
            // What has left is not there to be removed, and what rests does nothing of what follows.
            let step = match step {
                Self::Leave => Self::Return,
                Self::Suspend => Self::Resume,
                Self::Disable => Self::Enable,
                step => step,
            };
            life.extend(std::iter::successors(Some(step), |step| step.needs()));
        }
        Self::ALL.into_iter().filter(|step| life.contains(step)).collect()
    }

    /// Whether every system has a part in it.
    pub const fn changes_everything(self) -> bool {
        matches!(
            self,
            Self::Create | Self::GoBack | Self::Upgrade | Self::Rotate | Self::Leave | Self::Return | Self::Remove
        )
    }

    /// Whether all that the tenant has is made or goes.
    pub const fn is_of_the_whole_tenant(self) -> bool {
        matches!(self, Self::Create | Self::Leave | Self::Return | Self::Remove)
    }

    const fn version(self) -> &'static str {
        match self {
            Self::Create | Self::Configure | Self::GoBack => FIRST,
            _ => SECOND,
        }
    }

    const fn expected(self) -> Expected {
        match self {
            // Its data comes only then.
            Self::Create => Expected::Running { planted: false },
            Self::Suspend => Expected::Suspended,
            Self::Disable => Expected::Disabled,
            Self::Leave => Expected::Retained,
            Self::Remove => Expected::Gone,
            _ => Expected::Running { planted: true },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_has_what_its_steps_need() {
        use Step::{Bake, Create, Disable, Enable, GoBack, Leave, Plan, Remove, Resume, Return, Suspend, Upgrade};
        assert_eq!(Step::life(|_| true), Step::ALL);
        assert_eq!(Step::life(|_| false), [Create, Remove]);
        assert_eq!(Step::life(|step| step == GoBack), [Create, Bake, GoBack, Remove]);
        assert_eq!(Step::life(|step| step == Leave), [Create, Upgrade, Leave, Return, Remove]);
        assert_eq!(Step::life(|step| step == Disable), Step::life(|step| step == Enable));
        assert_eq!(Step::life(|step| step == Suspend), Step::life(|step| step == Resume));
        assert_eq!(Step::life(|step| step == Enable), [Create, Upgrade, Disable, Enable, Remove]);
        let some = Step::life(|step| matches!(step, Resume | Return));
        assert_eq!(some, [Create, Upgrade, Plan, Suspend, Resume, Leave, Return, Remove]);
    }
}
