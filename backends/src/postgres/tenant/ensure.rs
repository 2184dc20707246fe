//! Brings schema, role and tables to their desired state.

use include_dir::{Dir, include_dir};

use super::Desired;
use super::observe::read;
use crate::ownership::Found;
use crate::postgres::Provisioner;
use crate::postgres::failure::failure;
use crate::postgres::migration::{self, Migration};
use crate::postgres::provisioner::run;
use crate::postgres::space::{self, Observed, Plan};
use crate::postgres::sql::ident;
use crate::{Changes, Result};

static MIGRATIONS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/src/postgres/tenant/migrations");

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
    let plan = plan(desired, &read(&mut transaction, desired).await?, &migrations)?;
    run(&mut transaction, &doing, &plan.statements).await?;
    transaction.commit().await.map_err(failure(&doing))?;
    Ok(plan.changes)
}

/// Pure. A new tenant gets everything in one round trip.
pub(super) fn plan(desired: &Desired, observed: &Observed, migrations: &[Migration]) -> Result<Plan> {
    let mut plan = space::plan(&desired.space(), observed)?;
    let name = desired.name();
    let role = ident(&name);
    let pending = migration::pending(migrations, &observed.applied)?;
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
