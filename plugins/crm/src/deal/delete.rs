//! `DELETE /deals/{id}`

use plexica_sdk::{axum::http::StatusCode, prelude::*};
use uuid::Uuid;

use crate::{openapi::ErrorBody, permission::DealsWrite};

/// Removes a deal.
#[utoipa::path(delete, path = "/deals/{id}", tag = "deals", params(("id" = Uuid, Path)),
    security(("bearer" = ["crm:deals:write"])),
    responses((status = 204, description = "Removed."), (status = "4XX", description = "Refused.", body = ErrorBody)))]
pub(crate) async fn delete(_: Allowed<DealsWrite>, tenant: Tenant, Path(id): Path<Uuid>) -> Result<StatusCode> {
    let mut db = tenant.db().await?;
    let deleted = sqlx::query("DELETE FROM deals WHERE id = $1").bind(id).execute(&mut *db).await?;
    if deleted.rows_affected() == 0 {
        return Err(Error::not_found());
    }
    db.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
