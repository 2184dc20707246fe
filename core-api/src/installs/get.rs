//! One install.

use axum::extract::State;
use http::StatusCode;

use super::{View, find::find};
use crate::{
    access::TenantAdmin,
    http::{ApiError, Etagged, ResourceName},
    openapi::Failures,
    state::Shared,
};

/// Get an install
///
/// For administrators of the tenant, and for super-admins with `?tenant=`.
#[utoipa::path(
    get, path = "/api/v1/installs/{name}", tag = "installs",
    params(
        ("name" = String, Path, description = "The install's name"),
        ("tenant" = Option<String>, Query, description = "The tenant; super-admins must say it"),
    ),
    responses((status = 200, body = View), Failures),
)]
pub async fn get(
    TenantAdmin { tenant, .. }: TenantAdmin,
    State(state): State<Shared>,
    ResourceName(name): ResourceName,
) -> Result<Etagged<View>, ApiError> {
    let (_, install) = find(&state, &tenant, &name).await?;
    Ok(View::etagged(StatusCode::OK, install))
}
