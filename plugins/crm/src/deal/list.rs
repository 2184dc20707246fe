//! `GET /deals`

use plexica_sdk::prelude::*;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::Deal;
use crate::{
    openapi::ErrorBody,
    page::{Page, Paged},
    permission::DealsRead,
};

/// Which deals.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
pub(crate) struct Filter {
    /// In this stage.
    stage: Option<String>,
    /// With this contact.
    contact_id: Option<Uuid>,
}

/// Lists deals, newest first.
#[utoipa::path(get, path = "/deals", tag = "deals", params(Page, Filter),
    security(("bearer" = ["crm:deals:read"])),
    responses((status = 200, description = "A page of them.", body = Paged<Deal>),
        (status = "4XX", description = "Refused.", body = ErrorBody)))]
pub(crate) async fn list(
    _: Allowed<DealsRead>,
    tenant: Tenant,
    Query(page): Query<Page>,
    Query(filter): Query<Filter>,
) -> Result<Json<Paged<Deal>>> {
    let window = page.window()?;
    let mut db = tenant.db().await?;
    let deals: Vec<Deal> = sqlx::query_as(
        "SELECT id, title, contact_id, stage, amount_minor, currency, created_by, created_at, updated_at FROM deals
         WHERE ($1::uuid IS NULL OR id < $1)
           AND ($2::text IS NULL OR stage = $2)
           AND ($3::uuid IS NULL OR contact_id = $3)
         ORDER BY id DESC LIMIT $4",
    )
    .bind(window.before)
    .bind(filter.stage)
    .bind(filter.contact_id)
    .bind(window.rows())
    .fetch_all(&mut *db)
    .await?;
    Ok(Json(window.page(deals, |deal| deal.id)))
}
