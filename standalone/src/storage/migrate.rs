//! The numbered SQL of the server's own schema.

use sqlx::{Connection, PgPool, Row};

use super::StorageError;

/// Applied in order; never edited once released, only added to.
const VERSIONS: [&str; 1] = [include_str!("schema.sql")];

/// Any number; it only has to be the same in every process ("plexica" in ASCII).
const LOCK: i64 = 0x70_6c_65_78_69_63_61;

/// Brings the schema to the newest version. Several processes may start at once: one works, the
/// others wait for its lock and find nothing left to do.
pub async fn run(pool: &PgPool) -> Result<(), StorageError> {
    let mut connection = pool.acquire().await?;
    let mut transaction = connection.begin().await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(LOCK).execute(&mut *transaction).await?;
    sqlx::raw_sql(
        "CREATE SCHEMA IF NOT EXISTS standalone;
         CREATE TABLE IF NOT EXISTS standalone.version (version int PRIMARY KEY)",
    )
    .execute(&mut *transaction)
    .await?;
    let found: i32 = sqlx::query("SELECT coalesce(max(version), 0) FROM standalone.version")
        .fetch_one(&mut *transaction)
        .await?
        .try_get(0)?;
    let known = i32::try_from(VERSIONS.len()).unwrap_or(i32::MAX);
    if found > known {
        return Err(StorageError::Newer { found, known });
    }
    for (version, sql) in (1..).zip(VERSIONS).skip(usize::try_from(found).unwrap_or(0)) {
        sqlx::raw_sql(sql).execute(&mut *transaction).await?;
        sqlx::query("INSERT INTO standalone.version (version) VALUES ($1)")
            .bind(version)
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(())
}
