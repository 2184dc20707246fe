//! What was done about tenants, their installs and the catalogue, for longer than their status says it.

use jiff::Timestamp;
use plexica_crds::{OperationPhase, OperationStatus};
use sqlx::types::Json;

use super::Provisioner;
use super::begin::begin;
use super::failure::failure;
use crate::Result;

/// How many of a tenant's are kept, and how many of those of no tenant.
pub const MOST: i64 = 1000;
/// For how many days one is kept.
pub const DAYS: i32 = 30;
/// How many are removed in one statement.
const BATCH: i64 = 1000;

/// An operation, and what it was about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// For whom; none if it is the platform's own.
    pub tenant: Option<Whose<'a>>,
    /// `Tenant`, `PluginInstall` or `Plugin`.
    pub resource: &'static str,
    /// The name of that.
    pub name: &'a str,
    /// And its uid.
    pub uid: &'a str,
    /// What stands in its status.
    pub operation: &'a OperationStatus,
}

/// The tenant that an operation was done for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whose<'a> {
    /// Its name.
    pub name: &'a str,
    /// And its uid; empty while there is none.
    pub uid: &'a str,
}

/// Records an operation, or how it is by now; the answer is whether that was something new. What was still
/// running for the same resource was superseded by it. One that has ended stays as it ended.
pub async fn record(provisioner: &Provisioner, entry: &Entry<'_>) -> Result<bool> {
    let doing = format!("record the operation {}", entry.operation.id);
    let known: Option<Json<OperationStatus>> = sqlx::query_scalar("SELECT operation FROM core.operation WHERE id = $1")
        .bind(&entry.operation.id)
        .fetch_optional(provisioner.pool())
        .await
        .map_err(failure(&doing))?;
    if known.as_ref().is_some_and(|Json(known)| known == entry.operation || stays(known.phase, entry.operation.phase)) {
        return Ok(false);
    }
    write(provisioner, entry, &doing).await?;
    if known.is_none() {
        trim(provisioner, entry.tenant.map(|tenant| tenant.name), MOST).await?;
    }
    Ok(true)
}

/// Whether what is recorded stays so, whatever is said later. An operator that comes late may supersede
/// what another has begun since; how that ends is heard all the same.
const fn stays(known: OperationPhase, said: OperationPhase) -> bool {
    match (known, said) {
        (OperationPhase::Succeeded, _) | (OperationPhase::Superseded, OperationPhase::Running) => true,
        (OperationPhase::Superseded | OperationPhase::Running | OperationPhase::Failed, _) => false,
    }
}

/// One after the other for a resource: of two statements at the same time neither sees what the other writes. One that
/// was given up may still come about after those that followed it, and was over by then.
async fn write(provisioner: &Provisioner, entry: &Entry<'_>, doing: &str) -> Result<()> {
    let Entry { tenant, resource, name, uid, operation } = entry;
    let mut transaction = begin(provisioner.pool()).await.map_err(failure(doing))?;
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('core.operation ' || $1, 0))")
        .bind(uid)
        .execute(&mut *transaction)
        .await
        .map_err(failure(doing))?;
    sqlx::query(
        "WITH superseded AS (
             UPDATE core.operation SET phase = 'Superseded', recorded_at = now(),
                    operation = operation || jsonb_build_object('phase', 'Superseded', 'completedAt', $10::text)
              WHERE resource_uid = $6 AND phase = 'Running' AND id <> $1 AND started_at <= to_timestamp($8::bigint)),
         late AS (
             SELECT $7 = 'Running' AND EXISTS (
                 SELECT FROM core.operation WHERE resource_uid = $6 AND id <> $1
                    AND (started_at > to_timestamp($8::bigint) OR operation ->> 'kind' = 'Delete')) AS was_over)
         INSERT INTO core.operation AS known
                (id, tenant, tenant_uid, resource, name, resource_uid, phase, started_at, operation)
         SELECT $1, $2, $3, $4, $5, $6, CASE WHEN was_over THEN 'Superseded' ELSE $7 END, to_timestamp($8::bigint),
                CASE WHEN was_over THEN $9 || jsonb_build_object('phase', 'Superseded', 'completedAt', $10::text)
                     ELSE $9 END
           FROM late
         ON CONFLICT (id) DO UPDATE SET phase = excluded.phase, operation = excluded.operation, recorded_at = now(),
                tenant_uid = coalesce(nullif(excluded.tenant_uid, ''), known.tenant_uid)
          WHERE known.phase <> 'Succeeded' AND NOT (known.phase = 'Superseded' AND excluded.phase = 'Running')",
    )
    .bind(&operation.id)
    .bind(tenant.map(|tenant| tenant.name))
    .bind(tenant.map(|tenant| tenant.uid))
    .bind(resource)
    .bind(name)
    .bind(uid)
    .bind(operation.phase.as_str())
    .bind(operation.started_at.0.as_second())
    .bind(Json(operation))
    .bind(Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
    .execute(&mut *transaction)
    .await
    .map_err(failure(doing))?;
    transaction.commit().await.map_err(failure(doing))
}

/// Removes the oldest of a tenant's, or of those of no tenant, of which there are more than `most`.
pub async fn trim(provisioner: &Provisioner, tenant: Option<&str>, most: i64) -> Result<u64> {
    let removed = sqlx::query(
        "DELETE FROM core.operation WHERE id IN (
             SELECT id FROM core.operation WHERE tenant = $1 OR ($1::text IS NULL AND tenant IS NULL)
              ORDER BY started_at DESC, id OFFSET $2 LIMIT $3)",
    )
    .bind(tenant)
    .bind(most)
    .bind(BATCH)
    .execute(provisioner.pool())
    .await
    .map_err(failure(&format!("remove old operations of {}", tenant.unwrap_or("no tenant"))))?;
    Ok(removed.rows_affected())
}

/// Removes those of which nothing new was recorded for so many days.
pub async fn expire(provisioner: &Provisioner, days: i32) -> Result<u64> {
    let mut removed = 0;
    loop {
        let batch = sqlx::query(
            "DELETE FROM core.operation WHERE id IN (
                 SELECT id FROM core.operation WHERE recorded_at < now() - make_interval(days => $1)
                  ORDER BY recorded_at LIMIT $2)",
        )
        .bind(days)
        .bind(BATCH)
        .execute(provisioner.pool())
        .await
        .map_err(failure("remove old operations"))?
        .rows_affected();
        removed += batch;
        if batch < u64::try_from(BATCH).unwrap_or(u64::MAX) {
            return Ok(removed);
        }
    }
}
