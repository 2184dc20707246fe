//! A changed tenant.

use axum::extract::State;
use http::StatusCode;
use kube::Api;
use plexica_crds::Tenant;

use super::View;
use crate::{
    access::SuperAdmin,
    http::{ApiError, Etagged, IfMatch, ResourceName, SpecPatch},
    openapi::{Failures, schema},
    state::Shared,
};

/// Change a tenant
///
/// For super-admins. A JSON merge patch of the spec: what it does not name stays, null takes away.
/// With `If-Match`, only if nobody changed it meanwhile (409 otherwise).
#[utoipa::path(
    patch, path = "/api/v1/tenants/{name}", tag = "tenants",
    params(
        ("name" = String, Path, description = "The slug"),
        ("If-Match" = Option<String>, Header, description = "The ETag of what was read"),
    ),
    request_body(content = schema::TenantPatch, content_type = "application/merge-patch+json"),
    responses((status = 200, body = View), Failures),
)]
pub async fn patch(
    SuperAdmin(user): SuperAdmin,
    State(state): State<Shared>,
    ResourceName(name): ResourceName,
    version: IfMatch,
    patch: SpecPatch,
) -> Result<Etagged<View>, ApiError> {
    let api: Api<Tenant> = Api::all(state.client.clone());
    let tenant = api.patch(&name, &SpecPatch::params(), &patch.merge(None, version)).await?;
    tracing::info!(by = user.sub, tenant = name, "tenant changed");
    Ok(View::etagged(StatusCode::OK, tenant))
}
