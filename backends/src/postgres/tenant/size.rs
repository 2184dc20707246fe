//! How much of the database is the tenant's.

use sqlx::Row;

use super::{Desired, schemas};
use crate::Result;
use crate::postgres::Provisioner;
use crate::postgres::failure::failure;

/// Bytes of all that is in the tenant's schema and its plugins', with indexes; none of what is not its
/// own.
pub async fn bytes(provisioner: &Provisioner, desired: &Desired) -> Result<u64> {
    let schemas = schemas(provisioner, desired).await?;
    if schemas.is_empty() {
        return Ok(0);
    }
    // A table that is dropped meanwhile has no size.
    let size = sqlx::query(
        "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint
           FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE n.nspname = ANY ($1) AND c.relkind IN ('r', 'm', 'S')",
    )
    .bind(&schemas)
    .fetch_one(provisioner.pool())
    .await
    .and_then(|row| row.try_get::<i64, _>(0))
    .map_err(failure(&format!("measure {}", desired.name())))?;
    Ok(u64::try_from(size).unwrap_or_default())
}
