//! What happens to one tenant and its plugin: the steps that every family tries to break.

use kube::ResourceExt;
use plexica_crds::{
    CredentialStatus,
    plugin_install::{self, UpgradePhase},
    tenant,
};
use serde_json::{Value, json};

use crate::{
    check::{self, Expected},
    world::{Case, Violation, World},
};

/// One thing that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Tenant, plugin and install are made.
    Create,
    /// Another version is installed, and the one before is kept beside it.
    Bake,
    /// The version before is asked for again.
    GoBack,
    /// The other version is installed for good.
    Upgrade,
    /// The credentials of both are replaced.
    Rotate,
    /// The tenant has another plan.
    Plan,
    /// The tenant is suspended.
    Suspend,
    /// It is resumed.
    Resume,
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

/// Seconds for which the version before is kept: longer than any step.
const FOR_LONG: i32 = 3600;

/// The plan that the tenant changes to.
const PLAN: &str = "p";

/// A tenant's spec in which an overlap of credentials ends within a step.
fn short_overlap(mut spec: Value) -> Value {
    spec["rotation"] = json!({ "overlap": "1s" });
    spec
}

/// How many steps a life has.
pub const STEPS: usize = 11;

impl Step {
    /// A whole life.
    pub const ALL: [Self; STEPS] = [
        Self::Create,
        Self::Bake,
        Self::GoBack,
        Self::Upgrade,
        Self::Rotate,
        Self::Plan,
        Self::Suspend,
        Self::Resume,
        Self::Leave,
        Self::Return,
        Self::Remove,
    ];

    /// Asks for it.
    pub async fn ask(self, world: &World, case: &Case, order: Order) {
        match self {
            Self::Create | Self::Return => apply(world, case, self.version(), order).await,
            Self::GoBack => world.apply_install(case, json!({ "plugin": { "version": FIRST } })).await,
            Self::Bake | Self::Upgrade => {
                let bake = if self == Self::Bake { FOR_LONG } else { 0 };
                let plugin = world.apply_plugin_with(case, SECOND, json!({ "rollout": { "bakeSeconds": bake } }));
                let install = world.apply_install(case, json!({ "plugin": { "version": SECOND } }));
                match order {
                    Order::Forwards => futures::join!(plugin, install),
                    Order::Backwards | Order::PluginLast => futures::join!(install, plugin),
                };
            }
            Self::Rotate => world.rotate(case, SECOND).await,
            Self::Plan => world.apply_tenant(case, short_overlap(json!({ "plan": PLAN }))).await,
            Self::Suspend => world.apply_tenant(case, short_overlap(json!({ "plan": PLAN, "suspend": true }))).await,
            Self::Resume => world.apply_tenant(case, short_overlap(json!({}))).await,
            Self::Leave => leave(world, case, order).await,
            Self::Remove => {
                world.apply_tenant(case, short_overlap(json!({ "deletionPolicy": "Delete" }))).await;
                let install = json!({ "plugin": { "version": SECOND }, "deletionPolicy": "Delete" });
                world.apply_install(case, install).await;
                leave(world, case, order).await;
                for version in [FIRST, SECOND] {
                    world.delete_plugin(case, version).await;
                }
            }
        }
    }

    /// Waits until it is done as far as resources tell, and then holds the world against that.
    ///
    /// # Errors
    /// What does not come to be, or does not become as the resources say.
    pub async fn done(self, world: &World, case: &Case) -> Result<(), Violation> {
        match self {
            Self::Create | Self::Resume | Self::Return => ready(world, case, self.version()).await?,
            Self::Bake => {
                ready(world, case, self.version()).await?;
                upgrade_is(world, case, UpgradePhase::Baking).await?;
            }
            Self::GoBack => {
                ready(world, case, self.version()).await?;
                upgrade_is(world, case, UpgradePhase::RolledBack).await?;
            }
            Self::Upgrade => {
                ready(world, case, self.version()).await?;
                contracted(world, case).await?;
            }
            Self::Rotate => {
                ready(world, case, self.version()).await?;
                rotated(world, case).await?;
            }
            Self::Plan => {
                ready(world, case, self.version()).await?;
                planned(world, case).await?;
            }
            Self::Suspend => suspended(world, case).await?,
            Self::Leave | Self::Remove => gone(world, case).await?,
        }
        // An operator that was killed took its plugins with it: what it had told last is true again
        // only when the next one has looked.
        world
            .converges("the world is as the resources ask", async || {
                check::case(world, case, self.expected()).await.map_err(|Violation(text)| text)
            })
            .await?;
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
            Self::Bake | Self::Upgrade | Self::Remove => Some(Self::Create),
            Self::GoBack => Some(Self::Bake),
            Self::Rotate | Self::Plan | Self::Leave => Some(Self::Upgrade),
            Self::Suspend => Some(Self::Plan),
            Self::Resume => Some(Self::Suspend),
            Self::Return => Some(Self::Leave),
        }
    }

    /// The shortest life with these steps in it.
    pub fn life(wanted: impl Fn(Self) -> bool) -> Vec<Self> {
        let mut life = vec![Self::Create, Self::Remove];
        for step in Self::ALL.into_iter().filter(|step| wanted(*step)) {
            // What has left is not there to be removed.
            let step = if step == Self::Leave { Self::Return } else { step };
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
            Self::Create | Self::GoBack => FIRST,
            _ => SECOND,
        }
    }

    const fn expected(self) -> Expected {
        match self {
            // Its data comes only then.
            Self::Create => Expected::Running { planted: false },
            Self::Bake | Self::GoBack | Self::Upgrade | Self::Rotate | Self::Plan | Self::Resume | Self::Return => {
                Expected::Running { planted: true }
            }
            Self::Suspend => Expected::Suspended,
            Self::Leave => Expected::Retained,
            Self::Remove => Expected::Gone,
        }
    }
}

async fn apply(world: &World, case: &Case, version: &str, order: Order) {
    let tenant = || world.apply_tenant(case, short_overlap(json!({})));
    let plugin = || world.apply_plugin(case, version);
    let install = || world.apply_install(case, json!({ "plugin": { "version": version } }));
    match order {
        Order::Forwards => {
            tenant().await;
            plugin().await;
            install().await;
        }
        Order::Backwards => {
            install().await;
            plugin().await;
            tenant().await;
        }
        Order::PluginLast => {
            tenant().await;
            install().await;
            plugin().await;
        }
    }
}

async fn leave(world: &World, case: &Case, order: Order) {
    match order {
        // The tenant takes its installs with it.
        Order::Forwards => world.delete_tenant(case).await,
        Order::Backwards => {
            world.delete_install(case).await;
            world.delete_tenant(case).await;
        }
        Order::PluginLast => {
            world.delete_tenant(case).await;
            world.delete_install(case).await;
        }
    }
}

async fn ready(world: &World, case: &Case, version: &str) -> Result<(), Violation> {
    world
        .converges(&format!("{} is ready", case.slug), async || {
            let tenant = world.tenant(case).await?;
            let status = tenant.status.clone().unwrap_or_default();
            if status.observed_generation != tenant.metadata.generation || status.phase != Some(tenant::Phase::Ready) {
                return Err(format!("the tenant says {:?} {:?}", status.phase, status.conditions.first()));
            }
            let install = world.install(case).await?;
            let status = install.status.clone().unwrap_or_default();
            let current = status.observed_generation == install.metadata.generation
                && status.phase == Some(plugin_install::Phase::Ready)
                && status.version.as_deref() == Some(version);
            if current { Ok(()) } else { Err(format!("the install says {status:?}")) }
        })
        .await
}

async fn upgrade_is(world: &World, case: &Case, wanted: UpgradePhase) -> Result<(), Violation> {
    world
        .converges(&format!("the upgrade of {} is {wanted:?}", case.slug), async || {
            let install = world.install(case).await?;
            let upgrade = install.status.and_then(|status| status.upgrade);
            let is = upgrade.as_ref().is_some_and(|upgrade| upgrade.phase == wanted);
            if is { Ok(()) } else { Err(format!("{upgrade:?}")) }
        })
        .await
}

/// Nothing is kept of the version before.
///
/// # Errors
/// What is.
pub async fn contracted(world: &World, case: &Case) -> Result<(), Violation> {
    world
        .converges(&format!("{} has left the version before", case.slug), async || {
            let install = world.install(case).await?;
            let status = install.status.unwrap_or_default();
            let phase = status.upgrade.as_ref().map(|upgrade| upgrade.phase);
            let alone = phase.is_none_or(|phase| phase == UpgradePhase::Complete);
            let done = alone && status.oldest_version.as_deref() == Some(SECOND);
            if done { Ok(()) } else { Err(format!("{:?} {:?}", status.upgrade, status.oldest_version)) }
        })
        .await
}

/// Keys to a bucket work until their own end.
async fn rotated(world: &World, case: &Case) -> Result<(), Violation> {
    world
        .converges(&format!("{} has new credentials alone", case.slug), async || {
            let tenant = world.tenant(case).await?;
            let install = world.install(case).await?;
            let of_tenant = tenant.status.map(|status| status.credentials).unwrap_or_default();
            let of_install = install.status.clone().and_then(|status| status.credentials);
            let alone = |credential: &Option<CredentialStatus>| {
                credential.as_ref().is_some_and(|c| c.generation == 2 && c.previous_until.is_none())
            };
            let keys = of_tenant.storage.as_ref().is_some_and(|keys| keys.generation == 2);
            let done = alone(&of_tenant.identity) && alone(&of_install) && keys;
            if done { Ok(()) } else { Err(format!("{of_tenant:?}, {:?}", install.status)) }
        })
        .await
}

async fn planned(world: &World, case: &Case) -> Result<(), Violation> {
    world
        .converges(&format!("{} has its plan", case.slug), async || {
            let tenant = world.tenant(case).await?;
            let plan = tenant.status.and_then(|status| status.plan);
            if plan.as_ref().is_some_and(|plan| plan.name == PLAN) { Ok(()) } else { Err(format!("{plan:?}")) }
        })
        .await
}

async fn suspended(world: &World, case: &Case) -> Result<(), Violation> {
    world
        .converges(&format!("{} is suspended", case.slug), async || {
            let tenant = world.tenant(case).await?;
            let install = world.install(case).await?;
            let phases = (
                tenant.status.as_ref().and_then(|status| status.phase),
                install.status.as_ref().and_then(|status| status.phase),
            );
            let suspended = (Some(tenant::Phase::Suspended), Some(plugin_install::Phase::Suspended));
            if phases == suspended { Ok(()) } else { Err(format!("{phases:?}")) }
        })
        .await
}

async fn gone(world: &World, case: &Case) -> Result<(), Violation> {
    world
        .converges(&format!("{} is gone", case.slug), async || {
            let tenant = world.tenants().get_opt(case.slug.as_str()).await.map_err(|error| error.to_string())?;
            let install =
                world.installs().get_opt(&World::install_name(case)).await.map_err(|error| error.to_string())?;
            match (tenant, install) {
                (None, None) => Ok(()),
                (tenant, install) => Err(format!(
                    "tenant: {:?}; install: {:?}",
                    tenant.map(|tenant| (tenant.finalizers().to_vec(), tenant.status)),
                    install.map(|install| (install.finalizers().to_vec(), install.status))
                )),
            }
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_has_what_its_steps_need() {
        use Step::{Bake, Create, GoBack, Leave, Plan, Remove, Resume, Return, Suspend, Upgrade};
        assert_eq!(Step::life(|_| true), Step::ALL);
        assert_eq!(Step::life(|_| false), [Create, Remove]);
        assert_eq!(Step::life(|step| step == GoBack), [Create, Bake, GoBack, Remove]);
        assert_eq!(Step::life(|step| step == Leave), [Create, Upgrade, Leave, Return, Remove]);
        let some = Step::life(|step| matches!(step, Resume | Return));
        assert_eq!(some, [Create, Upgrade, Plan, Suspend, Resume, Leave, Return, Remove]);
    }
}
