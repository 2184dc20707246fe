//! One operation.

use axum::extract::State;

use super::{View, find::find, record};
use crate::{
    access::TenantAdmin,
    http::{ApiError, Json, ResourceName},
    openapi::Failures,
    state::Shared,
};

/// Get an operation
///
/// For administrators of the tenant, and for super-admins with `?tenant=`: what is being done about the
/// tenant or one of its installs, or was done in the last 30 days (the last 1,000 of a tenant). That of a
/// tenant that is gone is told to super-admins alone.
#[utoipa::path(
    get, path = "/api/v1/operations/{id}", tag = "operations",
    params(
        ("id" = String, Path, description = "The operation's id, from `status.operation` of a tenant or an install"),
        ("tenant" = Option<String>, Query, description = "The tenant; super-admins must say it"),
    ),
    responses((status = 200, body = View), Failures),
)]
pub async fn get(
    TenantAdmin { user, tenant }: TenantAdmin,
    State(state): State<Shared>,
    ResourceName(id): ResourceName,
) -> Result<Json<View>, ApiError> {
    let found = find(&state, &tenant, &user).await?;
    // What stands in a status is newer than what was recorded of it.
    if let Some(now) = found.now.iter().find(|operation| operation.id() == id) {
        return Ok(Json(now.clone()));
    }
    let recorded = record::one(&state.database, found.scope(&tenant, &user), &id).await?;
    recorded.map(Json).ok_or_else(ApiError::not_found)
}
