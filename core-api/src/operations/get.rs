//! One operation.

use axum::extract::State;

use super::{View, find::find};
use crate::{
    access::TenantAdmin,
    http::{ApiError, Json, ResourceName},
    openapi::Failures,
    state::Shared,
};

/// Get an operation
///
/// For administrators of the tenant, and for super-admins with `?tenant=`. There is one for the tenant and
/// one for each install: what is being done about it, or was done last. It is gone with the next one, and
/// with what it is about.
#[utoipa::path(
    get, path = "/api/v1/operations/{id}", tag = "operations",
    params(
        ("id" = String, Path, description = "The operation's id, from `status.operation` of a tenant or an install"),
        ("tenant" = Option<String>, Query, description = "The tenant; super-admins must say it"),
    ),
    responses((status = 200, body = View), Failures),
)]
pub async fn get(
    TenantAdmin { tenant, .. }: TenantAdmin,
    State(state): State<Shared>,
    ResourceName(id): ResourceName,
) -> Result<Json<View>, ApiError> {
    let all = find(&state, &tenant).await?;
    all.into_iter().find(|operation| operation.id() == id).map(Json).ok_or_else(ApiError::not_found)
}
