//! Running them for one tenant.

use plexica_contract::{error::Code, name::PluginVersion, tenancy::PluginTenant};
use sqlx::{AssertSqlSafe, Row as _};

use super::{Applied, Migration, Migrations, next};
use crate::{
    Db, Error, Result,
    database::{Database, quoted},
};

/// Where each tenant's record is kept, in the tenant's own schema.
const TABLE: &str = "plexica_migrations";

/// Brings a tenant's schema to the last of the files. One transaction per file: whoever is killed
/// in the middle leaves whole files behind, and the next run goes on from there.
pub(crate) async fn run(
    database: &Database,
    tenant: &PluginTenant,
    version: &PluginVersion,
    migrations: &Migrations,
) -> Result {
    while step(database, tenant, version, migrations).await? {}
    Ok(())
}

/// Runs the next file, if there is one.
async fn step(
    database: &Database,
    tenant: &PluginTenant,
    version: &PluginVersion,
    migrations: &Migrations,
) -> Result<bool> {
    let mut db = database.begin_unlimited(tenant).await?;
    lock(&mut db, tenant).await?;
    let refused = |why: super::Refused| Error::conflict(sentence(&why.to_string()));
    let applied = applied(&mut db, tenant).await?;
    let Some(migration) = next(migrations.all(), &applied.unwrap_or_default()).map_err(refused)? else {
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

/// What ran, or `None` if there is no record yet.
async fn applied(db: &mut Db, tenant: &PluginTenant) -> Result<Option<Vec<Applied>>> {
    let table = table(tenant);
    let exists: bool =
        sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL").bind(&table).fetch_one(&mut **db).await?;
    if !exists {
        return Ok(None);
    }
    let query = format!("SELECT number, name, checksum FROM {table} ORDER BY number");
    let rows = sqlx::query(AssertSqlSafe(query)).fetch_all(&mut **db).await?;
    let applied = rows
        .iter()
        .map(|row| Ok(Applied { number: row.try_get(0)?, name: row.try_get(1)?, checksum: row.try_get(2)? }));
    Ok(Some(applied.collect::<Result<_, sqlx::Error>>()?))
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
            applied_at timestamptz NOT NULL DEFAULT now()
        )"
    );
    sqlx::raw_sql(AssertSqlSafe(record)).execute(&mut **db).await?;
    let insert = format!("INSERT INTO {table} (number, name, checksum, version) VALUES ($1, $2, $3, $4)");
    sqlx::query(AssertSqlSafe(insert))
        .bind(migration.number)
        .bind(&migration.name)
        .bind(&migration.checksum)
        .bind(version.to_string())
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

/// The highest number that ran for this tenant.
pub(crate) async fn latest(db: &mut Db, tenant: &PluginTenant) -> Result<Option<i32>> {
    let applied = applied(db, tenant).await?;
    Ok(applied.and_then(|applied| applied.iter().map(|ran| ran.number).max()))
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
