//! What an install refers to, and what of it is there. Reads only.

use std::sync::Arc;

use kube::{ResourceExt, runtime::reflector::ObjectRef};
use plexica_backends::{
    Generation, System,
    postgres::{self, plugin},
    workloads::{self, Place, Workload},
};
use plexica_crds::{PluginInstall, Tenant};

use super::{
    Step, desired,
    rotation::Turn,
    sweep,
    validate::{References, Valid},
};
use crate::context::Context;

/// What the install refers to, as it was seen last. A change of any of it wakes the install again.
pub fn references(context: &Context, install: &PluginInstall) -> References {
    let tenant = &install.spec.tenant_ref.name;
    let sibling = |other: &Arc<PluginInstall>| other.spec.tenant_ref.name == *tenant && other.uid() != install.uid();
    References {
        tenant: context.tenants.get(&ObjectRef::<Tenant>::new(tenant)),
        catalogue: context
            .plugins
            .state()
            .into_iter()
            .filter(|entry| entry.spec.id == install.spec.plugin.id)
            .collect(),
        siblings: context.installs.state().into_iter().filter(sibling).collect(),
    }
}

/// What is there.
#[derive(Debug)]
pub struct Observed {
    /// Schema and role.
    pub database: Step<postgres::Observed>,
    /// The workload.
    pub workload: Step<Running>,
    /// Workloads of the plugin that no install needs.
    pub idle: Vec<Place>,
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
pub async fn observe(context: &Context, valid: &Valid, turn: &Step<Turn>) -> Observed {
    let (database, workload, idle) =
        futures::join!(database(context, valid), workload(context, valid, turn), sweep::idle(context, valid));
    // What is left over is no reason to fail: the next look finds it again.
    let idle = idle.unwrap_or_else(|problem| {
        tracing::warn!("idle workloads could not be listed: {problem}");
        Vec::new()
    });
    Observed { database, workload, idle }
}

async fn database(context: &Context, valid: &Valid) -> Step<postgres::Observed> {
    let provisioner = context.databases.get(&valid.placement)?;
    let desired = desired::database(valid, &context.settings);
    let found = plugin::observe(provisioner, &desired);
    context.tried(System::Postgres, "observe", found).await
}

async fn workload(context: &Context, valid: &Valid, turn: &Step<Turn>) -> Step<Running> {
    let turn = turn.as_ref().map_err(Clone::clone)?;
    let desired = wanted(context, valid, &turn.generation)?;
    let seen = context.tried(System::Workloads, "observe", context.workloads.observe(&desired)).await?;
    let digest = context.workloads.digest(&desired);
    Ok(Running { desired, seen, digest })
}

/// The workload as it should be.
pub fn wanted(context: &Context, valid: &Valid, generation: &Generation) -> Step<Workload> {
    let provisioner = context.databases.get(&valid.placement)?;
    let with = (&context.settings, &context.keys);
    let desired::SignIn { login, password } =
        desired::sign_in(&valid.slug, &valid.manifest.id, valid.isolation, generation, with);
    Ok(desired::workload(valid, &login.url(provisioner)?, &password, with))
}
