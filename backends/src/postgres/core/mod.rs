//! Schema `core`, the platform's own, in each database.

use include_dir::{Dir, include_dir};
use plexica_crds::tenant::AdoptionPolicy;
use sqlx::PgConnection;

use super::failure::failure;
use super::migration::{self, Migration};
use super::provisioner::{Provisioner, comment, run};
use super::space::{Plan, observe};
use crate::ownership::{Installation, Mark, Verdict, judge};
use crate::{Changes, Result, System};

static MIGRATIONS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/src/postgres/core/migrations");

/// The schema's name.
const CORE: &str = "core";

/// Creates the schema for this installation and brings its tables up to date. A schema `core` of
/// another installation or cluster, or of somebody else, is a conflict.
pub async fn ensure(provisioner: &Provisioner, installation: &Installation) -> Result<Changes> {
    let mark = mark(installation);
    let migrations = migration::load(&MIGRATIONS)?;
    if is_settled(provisioner, &mark, &migrations).await? {
        return Ok(Changes::none());
    }
    let mut transaction = provisioner.begin(CORE).await?;
    let found = observe(&mut transaction, CORE).await?.schema;
    let mut plan = Plan::default();
    let mut applied = Vec::new();
    match judge(&found, &mark, AdoptionPolicy::IfRetained) {
        Verdict::Create => {
            plan.step(format!("CREATE SCHEMA {CORE}"), "created schema core");
            plan.also(comment("SCHEMA", CORE, &mark.stamp().to_comment()));
            plan.also(format!("SET LOCAL search_path TO {CORE}, pg_temp"));
            plan.also(migration::CREATE_TABLE.into());
        }
        verdict @ (Verdict::Keep | Verdict::Adopt | Verdict::Complete) => {
            if verdict != Verdict::Keep {
                plan.step(comment("SCHEMA", CORE, &mark.stamp().to_comment()), "took back schema core");
            }
            plan.also(format!("SET LOCAL search_path TO {CORE}, pg_temp"));
            applied = applied_to(&mut transaction).await?;
        }
        Verdict::Refuse(refusal) => return Err(refusal.into_error(System::Postgres, "schema core")),
    }
    for pending in migration::pending(&migrations, &applied)? {
        let Migration { version, name, sql, .. } = pending;
        plan.step(sql.clone(), format!("migrated schema core to {version:04}_{name}"));
        plan.also(migration::note(pending));
    }
    if !plan.changes.is_empty() {
        run(&mut transaction, "migrate schema core", &plan.statements).await?;
        transaction.commit().await.map_err(failure("migrate schema core"))?;
    }
    Ok(plan.changes)
}

/// Whether there is nothing to do, for which nobody need wait for a lock.
async fn is_settled(provisioner: &Provisioner, mark: &Mark, migrations: &[Migration]) -> Result<bool> {
    let mut connection = provisioner.pool().acquire().await.map_err(failure("connect"))?;
    let found = observe(&mut connection, CORE).await?.schema;
    match judge(&found, mark, AdoptionPolicy::IfRetained) {
        Verdict::Keep => Ok(migration::pending(migrations, &applied_to(&mut connection).await?)?.is_empty()),
        Verdict::Create | Verdict::Adopt | Verdict::Complete => Ok(false),
        Verdict::Refuse(refusal) => Err(refusal.into_error(System::Postgres, "schema core")),
    }
}

async fn applied_to(connection: &mut PgConnection) -> Result<Vec<(i32, Vec<u8>)>> {
    sqlx::query_as("SELECT version, checksum FROM core.schema_migration")
        .fetch_all(connection)
        .await
        .map_err(failure("read the migrations of schema core"))
}

/// There is one per installation and no resource behind it.
fn mark(installation: &Installation) -> Mark {
    Mark { installation: installation.clone(), kind: "Platform".into(), name: CORE.into(), uid: CORE.into() }
}
