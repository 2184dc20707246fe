//! `PUT /deals/{id}`

use plexica_sdk::prelude::*;
use uuid::Uuid;

use super::{Deal, DealDraft, dangling};
use crate::{config::Config, openapi::ErrorBody, permission::DealsWrite};

/// Replaces what is said of a deal.
#[utoipa::path(put, path = "/deals/{id}", tag = "deals", params(("id" = Uuid, Path)), request_body = DealDraft,
    security(("bearer" = ["crm:deals:write"])),
    responses((status = 200, description = "As it is now.", body = Deal),
        (status = "4XX", description = "Refused.", body = ErrorBody)))]
pub(crate) async fn update(
    _: Allowed<DealsWrite>,
    tenant: Tenant,
    Path(id): Path<Uuid>,
    Json(draft): Json<DealDraft>,
) -> Result<Json<Deal>> {
    let config: Config = tenant.config()?;
    let draft = draft.checked(&config)?;
    let mut db = tenant.db().await?;
    let deal = sqlx::query_as(
        "UPDATE deals SET title = $2, contact_id = $3, stage = coalesce($4, stage), amount_minor = $5, updated_at = now()
         WHERE id = $1
         RETURNING id, title, contact_id, stage, amount_minor, currency, created_by, created_at, updated_at",
    )
    .bind(id)
    .bind(draft.title)
    .bind(draft.contact_id)
    .bind(draft.stage)
    .bind(draft.amount_minor)
    .fetch_one(&mut *db)
    .await
    .map_err(dangling)?;
    db.commit().await?;
    Ok(Json(deal))
}
