//! What an install refers to, and what of it is there. Reads only.

use std::sync::Arc;

use kube::{ResourceExt, runtime::reflector::ObjectRef};
use plexica_backends::{
    Generation, System,
    postgres::{self, plugin},
    workloads::{self, State, Workload},
};
use plexica_crds::{PluginInstall, Tenant, plugin_install::UpgradePhase};

use super::{
    Step, desired, live,
    restart::restarts,
    rotation::Turn,
    upgrade::{self, Health},
    validate::{References, Valid},
};
use crate::context::Context;

/// What the install refers to, as it was seen last. A change of any of it wakes the install again.
pub fn references(context: &Context, install: &PluginInstall) -> References {
    beside(context, install, context.installs_of.get(&install.spec.tenant_ref.name))
}

/// The same, with the installs as the API has them now: one that came a moment ago may need what is
/// to go.
pub async fn references_now(context: &Context, install: &PluginInstall) -> Result<References, kube::Error> {
    let siblings = live::of_tenant(context, &install.spec.tenant_ref.name).await?;
    Ok(beside(context, install, siblings.into_iter().map(Arc::new)))
}

fn beside(
    context: &Context,
    install: &PluginInstall,
    installs: impl IntoIterator<Item = Arc<PluginInstall>>,
) -> References {
    let tenant = &install.spec.tenant_ref.name;
    let sibling = |other: &Arc<PluginInstall>| other.spec.tenant_ref.name == *tenant && other.uid() != install.uid();
    let siblings: Vec<Arc<PluginInstall>> = installs.into_iter().filter(sibling).collect();
    let matters = |id: &str| id == install.spec.plugin.id || siblings.iter().any(|other| other.spec.plugin.id == id);
    References {
        tenant: context.tenants.get(&ObjectRef::<Tenant>::new(tenant)),
        catalogue: context.plugins.state().into_iter().filter(|entry| matters(&entry.spec.id)).collect(),
        siblings,
    }
}

/// What is there.
#[derive(Debug)]
pub struct Observed {
    /// Schema and role.
    pub database: Step<postgres::Observed>,
    /// The workload.
    pub workload: Step<Running>,
    /// How a version does that serves and has yet to prove itself.
    pub health: Health,
    /// Whether the version before could serve the tenant now, if the one that serves does not.
    pub way_back: bool,
    /// The version before, if it would have to serve the tenant and is not there, or not as it should be.
    pub fallen: Option<Running>,
}

/// A workload as it should be, and as it is.
#[derive(Debug)]
pub struct Running {
    /// As it should be.
    pub desired: Workload,
    /// As it is.
    pub seen: workloads::Observed,
    /// By what it is known, if others can change it.
    pub digest: Option<String>,
}

/// Reads the parts.
pub async fn observe(context: &Context, install: &PluginInstall, valid: &Valid, turn: &Step<Turn>) -> Observed {
    let (database, workload) = futures::join!(database(context, valid), workload(context, valid, turn));
    let health = match (&database, &workload) {
        (Ok(_), Ok(running)) => health(context, install, valid, &running.seen.state).await,
        // What it stands on is away, or we are: that is not its doing.
        _ => Health::Unknown,
    };
    let before = match &health {
        Health::Unwell(_) => before(context, valid, turn).await.ok().flatten(),
        Health::Failing(_) | Health::Well | Health::Unknown => None,
    };
    let way_back = match (&health, &before) {
        (Health::Unwell(_), Some(before)) => is_well(context, valid, &before.seen.state).await,
        (Health::Failing(_), _) => valid.before.is_some(),
        (Health::Unwell(_), None) | (Health::Well | Health::Unknown, _) => false,
    };
    let runs = |state: &State| matches!(state, State::Ready { .. } | State::Failing(_));
    let fallen = before.filter(|before| !runs(&before.seen.state));
    Observed { database, workload, health, way_back, fallen }
}

/// Asks the plugin itself, for as long as the answer decides anything.
async fn health(context: &Context, install: &PluginInstall, valid: &Valid, state: &State) -> Health {
    let bakes = upgrade::of(install).is_some_and(|upgrade| upgrade.phase == UpgradePhase::Baking);
    let route = install.status.as_ref().filter(|_| bakes).and_then(|status| status.route.as_ref());
    match route.map(|route| route.upstream.parse()) {
        Some(Ok(upstream)) => {
            let told = context.lifecycle.health(&upstream, &valid.slug).await;
            Health::of(state, told.map_err(|problem| problem.message))
        }
        Some(Err(_)) | None => Health::Unknown,
    }
}

/// The workload of the version before, which is kept beside.
async fn before(context: &Context, valid: &Valid, turn: &Step<Turn>) -> Step<Option<Running>> {
    let Some((manifest, uid)) = &valid.before else { return Ok(None) };
    let before = Valid { manifest: manifest.clone(), plugin_uid: uid.clone(), ..valid.clone() };
    let turn = turn.as_ref().map_err(Clone::clone)?;
    let restarts = restarts(context, &before).await?;
    running(context, wanted(context, &before, &turn.generation, restarts)?).await.map(Some)
}

/// Whether the version before serves the tenant as it should: if it does not either, what is wrong is not
/// the new one's fault.
async fn is_well(context: &Context, valid: &Valid, before: &State) -> bool {
    match before {
        State::Ready { endpoint } => context.lifecycle.health(endpoint, &valid.slug).await.is_ok(),
        State::Absent | State::Starting(_) | State::Failing(_) => false,
    }
}

async fn database(context: &Context, valid: &Valid) -> Step<postgres::Observed> {
    let provisioner = context.databases.get(&valid.placement)?;
    let desired = desired::database(valid, &context.settings);
    let found = plugin::observe(provisioner, &desired);
    context.tried(System::Postgres, "observe", found).await
}

async fn workload(context: &Context, valid: &Valid, turn: &Step<Turn>) -> Step<Running> {
    let turn = turn.as_ref().map_err(Clone::clone)?;
    running(context, wanted(context, valid, &turn.generation, turn.restarts)?).await
}

async fn running(context: &Context, desired: Workload) -> Step<Running> {
    let seen = context.tried(System::Workloads, "observe", context.workloads.observe(&desired)).await?;
    let digest = context.workloads.digest(&desired);
    Ok(Running { desired, seen, digest })
}

/// The workload as it should be.
pub fn wanted(context: &Context, valid: &Valid, generation: &Generation, restarts: i64) -> Step<Workload> {
    let provisioner = context.databases.get(&valid.placement)?;
    let with = (&context.settings, &context.keys);
    let desired::SignIn { login, password } =
        desired::sign_in(&valid.slug, &valid.manifest.id, valid.isolation, generation, with);
    Ok(desired::workload(valid, &login.url(provisioner)?, &password, restarts, with))
}
