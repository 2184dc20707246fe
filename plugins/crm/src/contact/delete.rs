//! `DELETE /contacts/{id}`

use plexica_sdk::{axum::http::StatusCode, prelude::*};
use uuid::Uuid;

use crate::{openapi::ErrorBody, permission::ContactsWrite};

/// Removes a contact. One with deals is kept: 409.
#[utoipa::path(delete, path = "/contacts/{id}", tag = "contacts", params(("id" = Uuid, Path)),
    security(("bearer" = ["crm:contacts:write"])),
    responses((status = 204, description = "Removed."), (status = "4XX", description = "Refused.", body = ErrorBody)))]
pub(crate) async fn delete(_: Allowed<ContactsWrite>, tenant: Tenant, Path(id): Path<Uuid>) -> Result<StatusCode> {
    let mut db = tenant.db().await?;
    let deleted = sqlx::query("DELETE FROM contacts WHERE id = $1").bind(id).execute(&mut *db).await?;
    if deleted.rows_affected() == 0 {
        return Err(Error::not_found());
    }
    db.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
