//! Waiting until resources tell that a step is done.

use kube::{Api, ResourceExt};
use plexica_crds::{
    CredentialStatus, Plugin,
    label::CONSENT,
    plugin::RolloutPhase,
    plugin_install::{self, UpgradePhase},
    tenant,
};

use super::{FIRST, PLAN, SECOND, Step};
use crate::world::{Case, READ, Violation, WRITE, World};

pub async fn ready(world: &World, case: &Case, version: &str) -> Result<(), Violation> {
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

/// Processes were started for the configuration that is in force.
pub async fn restarted(world: &World, case: &Case) -> Result<(), Violation> {
    world
        .converges(&format!("{} has new processes for its configuration", case.slug), async || {
            let configuration = world.install(case).await?.status.and_then(|status| status.configuration);
            let done = configuration.as_ref().is_some_and(|one| one.restart.is_none() && one.since_restart.is_some());
            if done { Ok(()) } else { Err(format!("{configuration:?}")) }
        })
        .await
}

pub async fn upgrade_is(world: &World, case: &Case, wanted: UpgradePhase) -> Result<(), Violation> {
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

/// Who went first is there, so that all may follow, where somebody was to go first.
pub async fn open(world: &World, case: &Case) -> Result<(), Violation> {
    world
        .converges(&format!("{} is open to all", case.plugin), async || {
            let plugin = second(world, case).await?;
            let rollout = plugin.status.and_then(|status| status.rollout);
            let open = rollout.as_ref().is_some_and(|rollout| rollout.phase == RolloutPhase::Open);
            let waits = plugin.spec.rollout.is_some_and(|rollout| rollout.canary.is_some());
            if open || !waits { Ok(()) } else { Err(format!("{rollout:?}")) }
        })
        .await
}

/// What is in force of what the version asks for, and what waits for consent: what is new with an upgrade, until there
/// is. Who names one by one what is granted has said so; that is compared elsewhere.
pub async fn granted(world: &World, case: &Case, step: Step) -> Result<(), Violation> {
    world
        .converges(&format!("{} has what it was granted", case.slug), async || {
            let install = world.install(case).await?;
            if install.spec.granted_permissions.is_some() {
                return Ok(());
            }
            // What comes back is installed for the first time.
            let consents = step == Step::Return || install.annotations().get(CONSENT).is_some_and(|to| to == SECOND);
            let own = |key: &str| vec![key.replace("PLUGIN", case.plugin.as_str())];
            let wanted = match step.version() {
                FIRST => [own(READ), Vec::new()],
                _ if consents => [declared(world, case).await?, Vec::new()],
                _ => [own(READ), own(WRITE)],
            };
            let status = install.status.unwrap_or_default();
            let told = [status.permissions, status.awaiting_consent];
            if told == wanted { Ok(()) } else { Err(format!("{told:?} instead of {wanted:?}")) }
        })
        .await
}

/// What the second version asks for, in its order.
async fn declared(world: &World, case: &Case) -> Result<Vec<String>, String> {
    let permissions = second(world, case).await?.spec.permissions;
    Ok(permissions.into_iter().map(|permission| permission.key).collect())
}

/// The second version's entry in the catalogue.
async fn second(world: &World, case: &Case) -> Result<Plugin, String> {
    let plugins = Api::<Plugin>::all(world.client.clone());
    plugins.get(&format!("{}-{SECOND}", case.plugin)).await.map_err(|error| error.to_string())
}

/// Keys to a bucket work until their own end.
pub async fn rotated(world: &World, case: &Case) -> Result<(), Violation> {
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

pub async fn planned(world: &World, case: &Case) -> Result<(), Violation> {
    world
        .converges(&format!("{} has its plan", case.slug), async || {
            let tenant = world.tenant(case).await?;
            let plan = tenant.status.and_then(|status| status.plan);
            if plan.as_ref().is_some_and(|plan| plan.name == PLAN) { Ok(()) } else { Err(format!("{plan:?}")) }
        })
        .await
}

pub async fn suspended(world: &World, case: &Case) -> Result<(), Violation> {
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

pub async fn disabled(world: &World, case: &Case) -> Result<(), Violation> {
    world
        .converges(&format!("the install of {} is disabled", case.slug), async || {
            let install = world.install(case).await?;
            let status = install.status.unwrap_or_default();
            let is = status.observed_generation == install.metadata.generation
                && status.phase == Some(plugin_install::Phase::Disabled);
            if is { Ok(()) } else { Err(format!("{status:?}")) }
        })
        .await
}

pub async fn gone(world: &World, case: &Case) -> Result<(), Violation> {
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
