//! Schema `core`, the platform's own, in each database.

use include_dir::{Dir, include_dir};
use plexica_crds::tenant::AdoptionPolicy;

use super::failure::failure;
use super::migration::{self, Migration};
use super::provisioner::{Provisioner, comment, run};
use super::space::{Plan, observe};
use crate::ownership::{Mark, Verdict, judge};
use crate::{Changes, Result, System};

static MIGRATIONS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/src/postgres/core/migrations");

/// The schema's name.
const CORE: &str = "core";

/// Creates the schema for this installation and brings its tables up to date. A schema `core` of
/// another installation, or of somebody else, is a conflict.
pub async fn ensure(provisioner: &Provisioner, installation: &str) -> Result<Changes> {
    let mark = mark(installation);
    let migrations = migration::load(&MIGRATIONS)?;
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
        Verdict::Keep | Verdict::Adopt | Verdict::Complete => {
            plan.also(format!("SET LOCAL search_path TO {CORE}, pg_temp"));
            applied = sqlx::query_as("SELECT version, checksum FROM core.schema_migration")
                .fetch_all(&mut *transaction)
                .await
                .map_err(failure("read the migrations of schema core"))?;
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

/// There is one per installation and no resource behind it.
fn mark(installation: &str) -> Mark {
    Mark { installation: installation.into(), kind: "Platform".into(), name: CORE.into(), uid: CORE.into() }
}
