//! One tenant.

use axum::extract::State;
use http::StatusCode;
use kube::Api;
use plexica_crds::Tenant;

use super::View;
use crate::{
    access::SuperAdmin,
    http::{ApiError, Etagged, ResourceName},
    openapi::Failures,
    state::Shared,
};

/// Get a tenant
///
/// For super-admins. The `ETag` is for `If-Match` of changes.
#[utoipa::path(
    get, path = "/api/v1/tenants/{name}", tag = "tenants",
    params(("name" = String, Path, description = "The slug")),
    responses((status = 200, body = View), Failures),
)]
pub async fn get(
    _: SuperAdmin,
    State(state): State<Shared>,
    ResourceName(name): ResourceName,
) -> Result<Etagged<View>, ApiError> {
    let tenant = Api::<Tenant>::all(state.client.clone()).get_opt(&name).await?;
    Ok(View::etagged(StatusCode::OK, tenant.ok_or_else(ApiError::not_found)?))
}
