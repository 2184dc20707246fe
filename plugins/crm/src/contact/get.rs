//! `GET /contacts/{id}`

use plexica_sdk::prelude::*;
use uuid::Uuid;

use super::Contact;
use crate::{openapi::ErrorBody, permission::ContactsRead};

/// Shows a contact.
#[utoipa::path(get, path = "/contacts/{id}", tag = "contacts", params(("id" = Uuid, Path)),
    security(("bearer" = ["crm:contacts:read"])),
    responses((status = 200, description = "The contact.", body = Contact),
        (status = "4XX", description = "Refused.", body = ErrorBody)))]
pub(crate) async fn get(_: Allowed<ContactsRead>, tenant: Tenant, Path(id): Path<Uuid>) -> Result<Json<Contact>> {
    let mut db = tenant.db().await?;
    let contact = sqlx::query_as(
        "SELECT id, name, email, phone, company, created_by, created_at, updated_at FROM contacts WHERE id = $1",
    )
    .bind(id)
    // No row is 404.
    .fetch_one(&mut *db)
    .await?;
    Ok(Json(contact))
}
