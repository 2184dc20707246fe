//! A page of tenants.

use axum::extract::State;
use kube::Api;
use plexica_crds::Tenant;

use super::List;
use crate::{
    access::SuperAdmin,
    http::{ApiError, Json},
    kubernetes::Page,
    openapi::Failures,
    state::Shared,
};

/// List tenants
///
/// For super-admins.
#[utoipa::path(
    get, path = "/api/v1/tenants", tag = "tenants",
    params(
        ("limit" = Option<u32>, Query, description = "The most items: 1 to 500, 50 unless said"),
        ("continue" = Option<String>, Query, description = "Where the last page ended"),
    ),
    responses((status = 200, body = List), Failures),
)]
pub async fn list(_: SuperAdmin, State(state): State<Shared>, page: Page) -> Result<Json<List>, ApiError> {
    let tenants = Api::<Tenant>::all(state.client.clone()).list(&page.list_params()).await?;
    let end = tenants.metadata.continue_.filter(|end| !end.is_empty());
    Ok(Json(List { items: tenants.items.into_iter().map(Into::into).collect(), r#continue: end }))
}
