//! A changed install.

use axum::extract::State;
use http::StatusCode;
use serde_json::Value;

use super::{View, find::find, needed::refuse_if_needed};
use crate::{
    access::TenantAdmin,
    http::{ApiError, Etagged, IfMatch, ResourceName, SpecPatch},
    openapi::{Failures, schema},
    state::Shared,
};

/// Change an install
///
/// For administrators of the tenant, and for super-admins with `?tenant=`. A JSON merge patch of
/// the spec: what it does not name stays, null takes away. With `If-Match`, only if nobody changed
/// it meanwhile (409 otherwise). To disable what other installs of the tenant need is refused with
/// their names (409 `IN_USE`).
#[utoipa::path(
    patch, path = "/api/v1/installs/{name}", tag = "installs",
    params(
        ("name" = String, Path, description = "The install's name"),
        ("tenant" = Option<String>, Query, description = "The tenant; super-admins must say it"),
        ("If-Match" = Option<String>, Header, description = "The ETag of what was read"),
    ),
    request_body(content = schema::InstallPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, body = View), Failures),
)]
pub async fn patch(
    TenantAdmin { user, tenant }: TenantAdmin,
    State(state): State<Shared>,
    ResourceName(name): ResourceName,
    version: IfMatch,
    patch: SpecPatch,
) -> Result<Etagged<View>, ApiError> {
    let (api, found) = find(&state, &tenant, &name).await?;
    // The API server refuses another tenant too; but it must not even look as if it could be asked.
    if patch.spec.contains_key("tenantRef") {
        return Err(ApiError::unprocessable("spec.tenantRef", "cannot be changed"));
    }
    if found.spec.enabled && patch.spec.get("enabled") == Some(&Value::Bool(false)) {
        refuse_if_needed(&state, &tenant, &found).await?;
    }
    // The uid: another tenant's install may have taken the name since.
    let patch = patch.merge(found.metadata.uid, version);
    let install = api.patch(&name, &SpecPatch::params(), &patch).await?;
    tracing::info!(by = user.sub, %tenant, install = name, "install changed");
    Ok(View::etagged(StatusCode::OK, install))
}
