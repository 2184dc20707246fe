//! A tenant's schema and role for one plugin, `tenant_<slug>_plugin_<id>`.
//!
//! The role may create in the schema and owns what it creates; the schema itself is the
//! provisioner's, so the role can neither change its mark nor open it to others.

use plexica_contract::name::{self, PluginId, Slug};
use plexica_crds::tenant::{AdoptionPolicy, DeletionPolicy};

use super::Provisioner;
use super::failure::failure;
use super::provisioner::run;
use super::space::{self, Observed, Space};
use crate::ownership::Mark;
use crate::{Changes, Result, Retired};

/// What should be there.
#[derive(Clone, Debug)]
pub struct Desired {
    /// The tenant.
    pub tenant: Slug,
    /// The plugin.
    pub plugin: PluginId,
    /// The owner: the `PluginInstall`.
    pub mark: Mark,
    /// Whether an earlier owner's schema and role are taken back.
    pub adoption: AdoptionPolicy,
}

impl Desired {
    /// The schema's and the role's name.
    pub fn name(&self) -> String {
        name::postgres::tenant_plugin(&self.tenant, &self.plugin)
    }

    fn space(&self) -> Space<'_> {
        Space {
            name: self.name(),
            privileges: &["CREATE", "USAGE"],
            member: None,
            mark: &self.mark,
            adoption: self.adoption,
        }
    }
}

/// Reads schema and role.
pub async fn observe(provisioner: &Provisioner, desired: &Desired) -> Result<Observed> {
    let mut connection = provisioner.pool().acquire().await.map_err(failure("connect"))?;
    space::observe(&mut connection, &desired.name()).await
}

/// Writes what differs, in one transaction; nothing if nothing does.
pub async fn ensure(provisioner: &Provisioner, desired: &Desired, observed: &Observed) -> Result<Changes> {
    if space::plan(&desired.space(), observed)?.changes.is_empty() {
        return Ok(Changes::none());
    }
    let name = desired.name();
    let doing = format!("set up schema {name}");
    let mut transaction = provisioner.begin(&name).await?;
    // Somebody else may have been here since: plan again, now that nobody else can be.
    let mut observed = space::observe(&mut transaction, &name).await?;
    let mut changes = Changes::none();
    if observed.astray_from(&desired.mark).is_some() {
        let plan = space::plan(&desired.space(), &observed)?;
        run(&mut transaction, &doing, &plan.statements).await?;
        changes.join(plan.changes);
        observed = space::observe(&mut transaction, &name).await?;
    }
    let plan = space::plan(&desired.space(), &observed)?;
    run(&mut transaction, &doing, &plan.statements).await?;
    transaction.commit().await.map_err(failure(&doing))?;
    changes.join(plan.changes);
    Ok(changes)
}

/// What [`ensure`] would write.
pub fn differences(desired: &Desired, observed: &Observed) -> Result<Changes> {
    Ok(space::plan(&desired.space(), observed)?.changes)
}

/// Changes whenever what should be there does.
pub fn digest(desired: &Desired) -> Result<String> {
    Ok(crate::digest(&space::plan(&desired.space(), &Observed::absent())?.statements))
}

/// Marks the schema as retained and takes its role from every login, or drops both.
pub async fn retire(provisioner: &Provisioner, desired: &Desired, policy: DeletionPolicy) -> Result<Retired> {
    space::retire(provisioner, &desired.space(), policy).await
}
