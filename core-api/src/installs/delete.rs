//! An install to be removed.

use axum::extract::State;
use http::StatusCode;
use kube::api::{DeleteParams, Preconditions};

use super::{find::find, needed::refuse_if_needed};
use crate::{
    access::TenantAdmin,
    http::{ApiError, IfMatch, ResourceName},
    openapi::Failures,
    state::Shared,
};

/// Delete an install
///
/// For administrators of the tenant, and for super-admins with `?tenant=`. What happens to the
/// plugin's data is said by `spec.deletionPolicy`: `Retain` keeps it. What other installs of the
/// tenant need is refused with their names (409 `IN_USE`) while they stay.
#[utoipa::path(
    delete, path = "/api/v1/installs/{name}", tag = "installs",
    params(
        ("name" = String, Path, description = "The install's name"),
        ("tenant" = Option<String>, Query, description = "The tenant; super-admins must say it"),
        ("If-Match" = Option<String>, Header, description = "The ETag of what was read"),
    ),
    responses((status = 202, description = "It is being removed"), Failures),
)]
pub async fn delete(
    TenantAdmin { user, tenant }: TenantAdmin,
    State(state): State<Shared>,
    ResourceName(name): ResourceName,
    IfMatch(version): IfMatch,
) -> Result<StatusCode, ApiError> {
    let (api, install) = find(&state, &tenant, &name).await?;
    refuse_if_needed(&state, &tenant, &install).await?;
    // The uid: of two that had this name, only the one that was found.
    let preconditions = Some(Preconditions { resource_version: version, uid: install.metadata.uid });
    api.delete(&name, &DeleteParams { preconditions, ..DeleteParams::default() }).await?;
    tracing::info!(by = user.sub, %tenant, install = name, "install deleted");
    Ok(StatusCode::ACCEPTED)
}
