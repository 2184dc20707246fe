//! A page of a tenant's installs.

use axum::extract::State;
use kube::ResourceExt;
use plexica_crds::PluginInstall;

use super::{
    List,
    find::{namespace, of_tenant},
};
use crate::{
    access::TenantAdmin,
    http::{ApiError, Json},
    kubernetes::Page,
    openapi::Failures,
    state::Shared,
};

/// List installs
///
/// For administrators of the tenant, and for super-admins with `?tenant=`.
#[utoipa::path(
    get, path = "/api/v1/installs", tag = "installs",
    params(
        ("tenant" = Option<String>, Query, description = "The tenant; super-admins must say it"),
        ("limit" = Option<u32>, Query, description = "The most items: 1 to 500, 50 unless said"),
        ("continue" = Option<String>, Query, description = "Where the last page ended"),
    ),
    responses((status = 200, body = List), Failures),
)]
pub async fn list(
    TenantAdmin { tenant, .. }: TenantAdmin,
    State(state): State<Shared>,
    page: Page,
) -> Result<Json<List>, ApiError> {
    let own = namespace(&state.client, &tenant).await?;
    let installs = of_tenant(&state, &tenant, &own).await?;
    let place = |install: &PluginInstall| format!("{}/{}", install.name_any(), install.namespace().unwrap_or_default());
    let (installs, end) = page.cut(installs, place);
    Ok(Json(List { items: installs.into_iter().map(Into::into).collect(), r#continue: end }))
}
