//! A page of a tenant's operations.

use axum::extract::State;

use super::{List, View, find::find};
use crate::{
    access::TenantAdmin,
    http::{ApiError, Json},
    kubernetes::Page,
    openapi::Failures,
    state::Shared,
};

/// List operations
///
/// For administrators of the tenant, and for super-admins with `?tenant=`. The latest first.
#[utoipa::path(
    get, path = "/api/v1/operations", tag = "operations",
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
    let (items, end) = page.cut(find(&state, &tenant).await?, View::place);
    Ok(Json(List { items, r#continue: end }))
}
