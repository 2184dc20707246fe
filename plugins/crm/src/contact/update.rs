//! `PUT /contacts/{id}`

use plexica_sdk::prelude::*;
use uuid::Uuid;

use super::{Contact, ContactDraft, taken};
use crate::{openapi::ErrorBody, permission::ContactsWrite};

/// Replaces what is said of a contact.
#[utoipa::path(put, path = "/contacts/{id}", tag = "contacts", params(("id" = Uuid, Path)), request_body = ContactDraft,
    security(("bearer" = ["crm:contacts:write"])),
    responses((status = 200, description = "As it is now.", body = Contact),
        (status = "4XX", description = "Refused.", body = ErrorBody)))]
pub(crate) async fn update(
    _: Allowed<ContactsWrite>,
    tenant: Tenant,
    Path(id): Path<Uuid>,
    Json(draft): Json<ContactDraft>,
) -> Result<Json<Contact>> {
    let draft = draft.checked()?;
    let mut db = tenant.db().await?;
    let contact = sqlx::query_as(
        "UPDATE contacts SET name = $2, email = $3, phone = $4, company = $5, updated_at = now() WHERE id = $1
         RETURNING id, name, email, phone, company, created_by, created_at, updated_at",
    )
    .bind(id)
    .bind(draft.name)
    .bind(draft.email)
    .bind(draft.phone)
    .bind(draft.company)
    .fetch_one(&mut *db)
    .await
    .map_err(taken)?;
    db.commit().await?;
    Ok(Json(contact))
}
