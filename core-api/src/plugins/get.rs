//! One catalogue entry.

use axum::extract::State;
use http::StatusCode;
use kube::{Api, ResourceExt};
use plexica_crds::Plugin;

use super::View;
use crate::{
    access::AnyUser,
    http::{ApiError, Etagged, ResourceName},
    openapi::Failures,
    state::Shared,
};

/// Get a plugin
///
/// One version's manifest, for everybody who is signed in.
#[utoipa::path(
    get, path = "/api/v1/plugins/{name}", tag = "plugins",
    params(("name" = String, Path, description = "`<id>-<version>`, such as crm-1.4.0")),
    responses((status = 200, body = View), Failures),
)]
pub async fn get(
    _: AnyUser,
    State(state): State<Shared>,
    ResourceName(name): ResourceName,
) -> Result<Etagged<View>, ApiError> {
    let plugin = Api::<Plugin>::all(state.client.clone()).get_opt(&name).await?.ok_or_else(ApiError::not_found)?;
    Ok(Etagged { status: StatusCode::OK, location: None, version: plugin.resource_version(), body: plugin.into() })
}
