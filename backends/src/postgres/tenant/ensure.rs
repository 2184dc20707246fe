//! Brings schema, role and tables to their desired state.

use include_dir::{Dir, include_dir};

use super::observe::read;
use super::{Desired, grants};
use crate::ownership::Found;
use crate::postgres::Provisioner;
use crate::postgres::failure::failure;
use crate::postgres::migration::{self, Migration};
use crate::postgres::provisioner::run;
use crate::postgres::space::{self, Observed, Plan};
use crate::postgres::sql::ident;
use crate::{Changes, Result};

pub(super) static MIGRATIONS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/src/postgres/tenant/migrations");

/// Writes what differs, in one transaction; nothing if nothing does.
pub async fn ensure(provisioner: &Provisioner, desired: &Desired, observed: &Observed) -> Result<Changes> {
    let migrations = migration::load(&MIGRATIONS)?;
    if plan(desired, observed, &migrations)?.changes.is_empty() {
        return Ok(Changes::none());
    }
    let name = desired.name();
    let doing = format!("set up schema {name}");
    let mut transaction = provisioner.begin(&name).await?;
    // Somebody else may have been here since: plan again, now that nobody else can be.
    let mut observed = read(&mut transaction, desired).await?;
    let mut changes = Changes::none();
    if observed.astray_from(&desired.mark).is_some() {
        let plan = plan(desired, &observed, &migrations)?;
        run(&mut transaction, &doing, &plan.statements).await?;
        changes.join(plan.changes);
        observed = read(&mut transaction, desired).await?;
    }
    let plan = plan(desired, &observed, &migrations)?;
    run(&mut transaction, &doing, &plan.statements).await?;
    transaction.commit().await.map_err(failure(&doing))?;
    changes.join(plan.changes);
    Ok(changes)
}

/// What [`ensure`] would write.
pub fn differences(desired: &Desired, observed: &Observed) -> Result<Changes> {
    Ok(plan(desired, observed, &migration::load(&MIGRATIONS)?)?.changes)
}

/// Changes whenever what should be there does, by a release's migrations too.
pub fn digest(desired: &Desired) -> Result<String> {
    Ok(crate::digest(&plan(desired, &Observed::absent(), &migration::load(&MIGRATIONS)?)?.statements))
}

/// Pure. A new tenant gets everything in one round trip.
pub(super) fn plan(desired: &Desired, observed: &Observed, migrations: &[Migration]) -> Result<Plan> {
    let mut plan = space::plan(&desired.space(), observed)?;
    if observed.astray_from(&desired.mark).is_some() {
        return Ok(plan);
    }
    let name = desired.name();
    let role = ident(&name);
    let pending = migration::pending(migrations, &observed.applied)?;
    let applied = migrations.iter().filter(|migration| pending.iter().all(|other| other.version != migration.version));
    grants::plan(&mut plan, &name, applied, &observed.tables);
    if pending.is_empty() {
        return Ok(plan);
    }
    plan.also(format!("SET LOCAL search_path TO {role}, pg_temp"));
    if observed.schema == Found::Absent {
        plan.also(migration::CREATE_TABLE.into());
    }
    for pending in pending {
        let Migration { version, name: title, sql, .. } = pending;
        plan.step(sql.replace("{role}", &role), format!("migrated schema {name} to {version:04}_{title}"));
        plan.also(migration::note(pending));
    }
    Ok(plan)
}
