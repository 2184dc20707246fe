//! Operations that stand in no status any more, as the operator recorded them.

use plexica_contract::{error::Code, name::Slug};
use plexica_crds::OperationStatus;
use sqlx::{PgPool, types::Json};

use super::{View, view::Resource};
use crate::http::ApiError;

/// Whose records may be read.
#[derive(Clone, Copy, Debug)]
pub enum Scope<'a> {
    /// Those of no tenant.
    Platform,
    /// Those of the tenant
    Tenant {
        /// of this name,
        name: &'a Slug,
        /// and of this uid; without, of all that have had the name.
        uid: Option<&'a str>,
    },
}

impl<'a> Scope<'a> {
    /// The tenant's name and uid, as far as they matter.
    fn tenant(self) -> (Option<&'a str>, Option<&'a str>) {
        match self {
            Self::Platform => (None, None),
            Self::Tenant { name, uid } => (Some(name.as_str()), uid),
        }
    }
}

/// Where a page begins: behind one that was started in that second and has that id.
pub type After = (i64, String);

type Row = (String, String, Json<OperationStatus>);

/// Up to `limit` of them, the latest first.
pub async fn page(pool: &PgPool, scope: Scope<'_>, after: Option<&After>, limit: u32) -> Result<Vec<View>, ApiError> {
    let (tenant, uid) = scope.tenant();
    let (seconds, id) = after.map_or((None, None), |(seconds, id)| (Some(*seconds), Some(id)));
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT resource, name, operation FROM core.operation
          WHERE (tenant = $1 OR ($1::text IS NULL AND tenant IS NULL)) AND ($2::text IS NULL OR tenant_uid = $2)
            AND ($3::bigint IS NULL OR started_at < to_timestamp($3) OR (started_at = to_timestamp($3) AND id > $4))
          ORDER BY started_at DESC, id LIMIT $5",
    )
    .bind(tenant)
    .bind(uid)
    .bind(seconds)
    .bind(id)
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await
    .map_err(unreadable)?;
    Ok(rows.into_iter().filter_map(view).collect())
}

/// The one of that id.
pub async fn one(pool: &PgPool, scope: Scope<'_>, id: &str) -> Result<Option<View>, ApiError> {
    let (tenant, uid) = scope.tenant();
    let row: Option<Row> = sqlx::query_as(
        "SELECT resource, name, operation FROM core.operation
          WHERE id = $1 AND (tenant = $2 OR ($2::text IS NULL AND tenant IS NULL))
            AND ($3::text IS NULL OR tenant_uid = $3)",
    )
    .bind(id)
    .bind(tenant)
    .bind(uid)
    .fetch_optional(pool)
    .await
    .map_err(unreadable)?;
    Ok(row.and_then(view))
}

#[expect(clippy::needless_pass_by_value, reason = "as map_err hands it over")]
fn unreadable(error: sqlx::Error) -> ApiError {
    tracing::error!(error = &error as &dyn std::error::Error, "recorded operations cannot be read");
    ApiError::new(Code::Unavailable, "Past operations cannot be read at the moment; try again.")
}

/// Of a kind of resource that a later release may have, nothing can be said.
fn view((resource, name, Json(operation)): Row) -> Option<View> {
    Some(View::new(resource.parse::<Resource>().ok()?, name, operation))
}
