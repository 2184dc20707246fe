//! `GET /deals/{id}`

use plexica_sdk::prelude::*;
use uuid::Uuid;

use super::Deal;
use crate::{openapi::ErrorBody, permission::DealsRead};

/// Shows a deal.
#[utoipa::path(get, path = "/deals/{id}", tag = "deals", params(("id" = Uuid, Path)),
    security(("bearer" = ["crm:deals:read"])),
    responses((status = 200, description = "The deal.", body = Deal),
        (status = "4XX", description = "Refused.", body = ErrorBody)))]
pub(crate) async fn get(_: Allowed<DealsRead>, tenant: Tenant, Path(id): Path<Uuid>) -> Result<Json<Deal>> {
    let mut db = tenant.db().await?;
    let deal = sqlx::query_as(
        "SELECT id, title, contact_id, stage, amount_minor, currency, created_by, created_at, updated_at
         FROM deals WHERE id = $1",
    )
    .bind(id)
    .fetch_one(&mut *db)
    .await?;
    Ok(Json(deal))
}
