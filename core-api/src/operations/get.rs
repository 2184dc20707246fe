//! One operation.

use axum::extract::State;

use super::{View, find::find, record};
use crate::{
    access::Overseer,
    http::{ApiError, Json, ResourceName},
    openapi::Failures,
    state::Shared,
};

/// Get an operation
///
/// For administrators of the tenant, and for super-admins with `?tenant=`: what is being done about the
/// tenant or one of its installs, or was done in the last 30 days (the last 1,000 of a tenant). That of a
/// tenant that is gone is told to super-admins alone, and so is that of no tenant, such as the rollout of a
/// version, for which they name none.
#[utoipa::path(
    get, path = "/api/v1/operations/{id}", tag = "operations",
    params(
        ("id" = String, Path, description = "The operation's id, from `status.operation` of what it is about"),
        ("tenant" = Option<String>, Query, description = "The tenant; super-admins must say it for what is a tenant's"),
    ),
    responses((status = 200, body = View), Failures),
)]
pub async fn get(
    Overseer { user, tenant }: Overseer,
    State(state): State<Shared>,
    ResourceName(id): ResourceName,
) -> Result<Json<View>, ApiError> {
    let found = find(&state, tenant.as_ref(), &user).await?;
    // What stands in a status is newer than what was recorded of it.
    if let Some(now) = found.now.iter().find(|operation| operation.id() == id) {
        return Ok(Json(now.clone()));
    }
    let recorded = record::one(&state.database, found.scope(&user), &id).await?;
    recorded.map(Json).ok_or_else(|| match tenant {
        Some(_) => ApiError::not_found(),
        None => ApiError::bad_field("tenant", "no operation of the platform's own has that id: say which tenant"),
    })
}
