//! Keeps or removes schema and role.

use kube::Resource;
use plexica_contract::name;
use plexica_crds::PluginInstall;
use plexica_crds::tenant::{AdoptionPolicy, DeletionPolicy};

use super::Desired;
use crate::ownership::{Mark, Parting, judge_retired};
use crate::postgres::Provisioner;
use crate::postgres::failure::failure;
use crate::postgres::space::{self, Space};
use crate::{Result, Retired};

/// Marks the tenant's schema as retained and closes it, or drops it with the role, and with what
/// installs that are gone have kept of the tenant.
pub async fn retire(provisioner: &Provisioner, desired: &Desired, policy: DeletionPolicy) -> Result<Retired> {
    if policy == DeletionPolicy::Delete {
        // The tenant's own schema comes last: until then it says whose the others are.
        for (name, mark) in kept(provisioner, desired).await? {
            let space = Space { name, privileges: &[], member: None, mark: &mark, adoption: AdoptionPolicy::Never };
            let retired = space::retire(provisioner, &space, policy).await?;
            tracing::info!(schema = space.name, ?retired, "retired what an install had kept");
        }
    }
    space::retire(provisioner, &desired.space(), policy).await
}

/// All schemas that [`retire`] would remove, the tenant's own first; none if it is not this owner's.
pub async fn schemas(provisioner: &Provisioner, desired: &Desired) -> Result<Vec<String>> {
    let mut connection = provisioner.pool().acquire().await.map_err(failure("connect"))?;
    let tenant = space::observe(&mut connection, &desired.name()).await?;
    drop(connection);
    if !matches!(judge_retired(&tenant.schema, &desired.mark), Parting::Part | Parting::Retained) {
        return Ok(Vec::new());
    }
    let kept = kept(provisioner, desired).await?.into_iter().map(|(name, _)| name);
    Ok(std::iter::once(desired.name()).chain(kept).collect())
}

/// Schemas of the tenant's installs, with their marks, of whichever cluster: they are the tenant's. None if that
/// is not this owner's: then neither are they.
async fn kept(provisioner: &Provisioner, desired: &Desired) -> Result<Vec<(String, Mark)>> {
    let mut connection = provisioner.pool().acquire().await.map_err(failure("connect"))?;
    let tenant = space::observe(&mut connection, &desired.name()).await?;
    if !matches!(judge_retired(&tenant.schema, &desired.mark), Parting::Part | Parting::Retained) {
        return Ok(Vec::new());
    }
    let mut marked = space::marked(&mut connection, &name::postgres::tenant_plugins(&desired.tenant)).await?;
    let kind = PluginInstall::kind(&());
    marked.retain(|(_, mark)| desired.mark.installation.same_name(&mark.installation) && mark.kind == kind);
    Ok(marked)
}
