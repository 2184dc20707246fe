//! Running them for one tenant.

use plexica_contract::{error::Code, manifest::MigrationPhase, name::PluginVersion, tenancy::PluginTenant};
use sqlx::{AssertSqlSafe, Row as _};

use super::{Applied, Migration, Migrations, Steps, next};
use crate::{
    Db, Error, Result,
    database::{Database, quoted},
};

/// Where each tenant's record is kept, in the tenant's own schema.
const TABLE: &str = "plexica_migrations";

/// Brings a tenant's schema to the last of those files. One transaction per file: whoever is killed
/// in the middle leaves whole files behind, and the next run goes on from there.
pub(crate) async fn run(
    database: &Database,
    tenant: &PluginTenant,
    version: &PluginVersion,
    migrations: &Migrations,
    steps: Steps,
) -> Result {
    while step(database, tenant, version, migrations, steps).await? {}
    Ok(())
}

/// Runs the next file, if there is one.
async fn step(
    database: &Database,
    tenant: &PluginTenant,
    version: &PluginVersion,
    migrations: &Migrations,
    steps: Steps,
) -> Result<bool> {
    let mut db = database.begin_unlimited(tenant).await?;
    lock(&mut db, tenant).await?;
    let refused = |why: super::Refused| Error::conflict(sentence(&why.to_string()));
    let applied = applied(&mut db, tenant, version).await?;
    let Some(migration) = next(migrations.all(), &applied, steps).map_err(refused)? else {
        db.commit().await?;
        return Ok(false);
    };
    apply(&mut db, tenant, version, migration).await?;
    db.commit().await?;
    tracing::info!(tenant = %tenant.tenant, migration = migration.name, "migrated");
    Ok(true)
}

/// One run at a time for each tenant; it is let go at the end of the transaction.
async fn lock(db: &mut Db, tenant: &PluginTenant) -> Result {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('plexica:migrations:' || $1, 0))")
        .bind(&tenant.schema)
        .execute(&mut **db)
        .await?;
    Ok(())
}

/// What ran.
async fn applied(db: &mut Db, tenant: &PluginTenant, version: &PluginVersion) -> Result<Vec<Applied>> {
    let table = table(tenant);
    let exists: bool =
        sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL").bind(&table).fetch_one(&mut **db).await?;
    if !exists {
        return Ok(Vec::new());
    }
    let query = format!("SELECT number, name, checksum, contract, version FROM {table} ORDER BY number");
    let rows = sqlx::query(AssertSqlSafe(query)).fetch_all(&mut **db).await?;
    let applied = rows.iter().map(|row| {
        let phase = if row.try_get(3)? { MigrationPhase::Contract } else { MigrationPhase::Expand };
        let ran_by = row.try_get::<String, _>(4)?.parse::<PluginVersion>();
        let newer = ran_by.is_ok_and(|ran_by| ran_by > *version);
        Ok(Applied { number: row.try_get(0)?, name: row.try_get(1)?, checksum: row.try_get(2)?, phase, newer })
    });
    Ok(applied.collect::<Result<_, sqlx::Error>>()?)
}

async fn apply(db: &mut Db, tenant: &PluginTenant, version: &PluginVersion, migration: &Migration) -> Result {
    // The file is the plugin author's own SQL, and runs with the tenant's role.
    sqlx::raw_sql(AssertSqlSafe(migration.sql.clone()))
        .execute(&mut **db)
        .await
        .map_err(|error| failed(migration, error))?;
    // With the schema's name: the file may have changed the search path.
    let table = table(tenant);
    let record = format!(
        "CREATE TABLE IF NOT EXISTS {table} (
            number integer PRIMARY KEY,
            name text NOT NULL,
            checksum text NOT NULL,
            version text NOT NULL,
            contract boolean NOT NULL,
            applied_at timestamptz NOT NULL DEFAULT now()
        )"
    );
    sqlx::raw_sql(AssertSqlSafe(record)).execute(&mut **db).await?;
    let insert = format!("INSERT INTO {table} (number, name, checksum, version, contract) VALUES ($1, $2, $3, $4, $5)");
    sqlx::query(AssertSqlSafe(insert))
        .bind(migration.number)
        .bind(&migration.name)
        .bind(&migration.checksum)
        .bind(version.to_string())
        .bind(migration.phase == MigrationPhase::Contract)
        .execute(&mut **db)
        .await?;
    Ok(())
}

/// A failure that passes by itself stays one; any other names the file and what is wrong with it:
/// the operator reads this, and shows it to who installs.
fn failed(migration: &Migration, error: sqlx::Error) -> Error {
    let why = error.as_database_error().map(|database| database.message().to_owned());
    match (Error::from(error), why) {
        (error, Some(why)) if error.code() != Code::Unavailable => {
            Error::new(Code::Internal, format!("The migration {:?} failed: {why}.", migration.name)).with_source(error)
        }
        (error, _) => error,
    }
}

/// Whether these files can serve the tenant's schema as it is.
pub(crate) async fn is_current(
    db: &mut Db,
    tenant: &PluginTenant,
    version: &PluginVersion,
    migrations: &Migrations,
) -> Result<bool> {
    let applied = applied(db, tenant, version).await?;
    Ok(next(migrations.all(), &applied, Steps::Expand) == Ok(None))
}

fn table(tenant: &PluginTenant) -> String {
    format!("{}.{TABLE}", quoted(&tenant.schema))
}

/// An error's text as a sentence.
fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", characters.as_str())
}
