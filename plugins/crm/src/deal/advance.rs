//! `PUT /deals/{id}/stage`

use plexica_sdk::prelude::*;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Deal;
use crate::{config::Config, openapi::ErrorBody, permission::DealsWrite};

/// Where a deal goes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Advance {
    /// One of the tenant's stages.
    stage: String,
}

/// Moves a deal to another stage.
#[utoipa::path(put, path = "/deals/{id}/stage", tag = "deals", params(("id" = Uuid, Path)), request_body = Advance,
    security(("bearer" = ["crm:deals:write"])),
    responses((status = 200, description = "As it is now.", body = Deal),
        (status = "4XX", description = "Refused.", body = ErrorBody)))]
pub(crate) async fn advance(
    _: Allowed<DealsWrite>,
    tenant: Tenant,
    Path(id): Path<Uuid>,
    Json(Advance { stage }): Json<Advance>,
) -> Result<Json<Deal>> {
    let config: Config = tenant.config()?;
    if !config.stages.contains(&stage) {
        return Err(Error::invalid("stage", config.unknown_stage()));
    }
    let mut db = tenant.db().await?;
    let deal = sqlx::query_as(
        "UPDATE deals SET stage = $2, updated_at = now() WHERE id = $1
         RETURNING id, title, contact_id, stage, amount_minor, currency, created_by, created_at, updated_at",
    )
    .bind(id)
    .bind(stage)
    .fetch_one(&mut *db)
    .await?;
    db.commit().await?;
    Ok(Json(deal))
}
