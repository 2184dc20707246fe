//! `POST /deals`

use plexica_sdk::{axum::http::StatusCode, prelude::*};
use uuid::Uuid;

use super::{Deal, DealDraft, dangling};
use crate::{config::Config, openapi::ErrorBody, permission::DealsWrite};

/// Adds a deal.
#[utoipa::path(post, path = "/deals", tag = "deals", request_body = DealDraft,
    security(("bearer" = ["crm:deals:write"])),
    responses((status = 201, description = "Added.", body = Deal),
        (status = "4XX", description = "Refused.", body = ErrorBody)))]
pub(crate) async fn create(
    _: Allowed<DealsWrite>,
    tenant: Tenant,
    user: User,
    Json(draft): Json<DealDraft>,
) -> Result<(StatusCode, Json<Deal>)> {
    let config: Config = tenant.config()?;
    let draft = draft.checked(&config)?;
    let stage = draft.stage.as_deref().unwrap_or_else(|| config.first_stage());
    let mut db = tenant.db().await?;
    let deal: Deal = sqlx::query_as(
        "INSERT INTO deals (id, title, contact_id, stage, amount_minor, currency, created_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         RETURNING id, title, contact_id, stage, amount_minor, currency, created_by, created_at, updated_at",
    )
    .bind(Uuid::now_v7())
    .bind(draft.title)
    .bind(draft.contact_id)
    .bind(stage)
    .bind(draft.amount_minor)
    // Kept with the deal: a tenant that changes its currency does not change what was agreed.
    .bind(&config.currency)
    .bind(user.id())
    .fetch_one(&mut *db)
    .await
    .map_err(dangling)?;
    db.commit().await?;
    Ok((StatusCode::CREATED, Json(deal)))
}
