//! A page of the catalogue.

use axum::extract::State;
use kube::Api;
use plexica_crds::Plugin;

use super::List;
use crate::{
    access::AnyUser,
    http::{ApiError, Json},
    kubernetes::Page,
    openapi::Failures,
    state::Shared,
};

/// List plugins
///
/// The catalogue, for everybody who is signed in.
#[utoipa::path(
    get, path = "/api/v1/plugins", tag = "plugins",
    params(
        ("limit" = Option<u32>, Query, description = "The most items: 1 to 500, 50 unless said"),
        ("continue" = Option<String>, Query, description = "Where the last page ended"),
    ),
    responses((status = 200, body = List), Failures),
)]
pub async fn list(_: AnyUser, State(state): State<Shared>, page: Page) -> Result<Json<List>, ApiError> {
    let plugins = Api::<Plugin>::all(state.client.clone()).list(&page.list_params()).await?;
    let end = plugins.metadata.continue_.filter(|end| !end.is_empty());
    Ok(Json(List { items: plugins.items.into_iter().map(Into::into).collect(), r#continue: end }))
}
