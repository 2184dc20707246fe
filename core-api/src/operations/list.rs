//! A page of a tenant's operations, or of the platform's own.

use axum::extract::State;

use super::{List, View, find::find, record};
use crate::{
    access::Overseer,
    http::{ApiError, Json},
    kubernetes::Page,
    openapi::Failures,
    state::Shared,
};

/// List operations
///
/// For administrators of the tenant, and for super-admins with `?tenant=`. The latest first: what is being
/// done about the tenant and its installs, and what was done in the last 30 days (the last 1,000). Super-admins
/// who name no tenant are told those of no tenant in the same way: rollouts of versions.
#[utoipa::path(
    get, path = "/api/v1/operations", tag = "operations",
    params(
        ("tenant" = Option<String>, Query, description = "The tenant; super-admins must say it for what is a tenant's"),
        ("limit" = Option<u32>, Query, description = "The most items: 1 to 500, 50 unless said"),
        ("continue" = Option<String>, Query, description = "Where the last page ended"),
    ),
    responses((status = 200, body = List), Failures),
)]
pub async fn list(
    Overseer { user, tenant }: Overseer,
    State(state): State<Shared>,
    page: Page,
) -> Result<Json<List>, ApiError> {
    let found = find(&state, tenant.as_ref(), &user).await?;
    let after = page.after.as_deref().map(View::after).transpose()?;
    // One more than fits, besides those that may be among them.
    let most = u32::try_from(found.now.len()).unwrap_or(u32::MAX).saturating_add(page.limit).saturating_add(1);
    let recorded = record::page(&state.database, found.scope(&user), after.as_ref(), most).await?;
    if recorded.is_empty() && !found.has_owner() {
        return Err(ApiError::not_found());
    }
    let recorded: Vec<View> =
        recorded.into_iter().filter(|past| found.now.iter().all(|now| now.id() != past.id())).collect();
    let (items, end) = page.cut(found.now.into_iter().chain(recorded).collect(), View::place);
    Ok(Json(List { items, r#continue: end }))
}
