//! `POST /contacts`

use plexica_sdk::{axum::http::StatusCode, prelude::*};
use uuid::Uuid;

use super::{Contact, ContactDraft, taken};
use crate::{openapi::ErrorBody, permission::ContactsWrite};

/// Adds a contact.
#[utoipa::path(post, path = "/contacts", tag = "contacts", request_body = ContactDraft,
    security(("bearer" = ["crm:contacts:write"])),
    responses((status = 201, description = "Added.", body = Contact),
        (status = "4XX", description = "Refused.", body = ErrorBody)))]
pub(crate) async fn create(
    _: Allowed<ContactsWrite>,
    tenant: Tenant,
    user: User,
    Json(draft): Json<ContactDraft>,
) -> Result<(StatusCode, Json<Contact>)> {
    let draft = draft.checked()?;
    let mut db = tenant.db().await?;
    let contact: Contact = sqlx::query_as(
        "INSERT INTO contacts (id, name, email, phone, company, created_by) VALUES ($1, $2, $3, $4, $5, $6)
         RETURNING id, name, email, phone, company, created_by, created_at, updated_at",
    )
    // Version 7: ids of later rows are greater, which is what pages go by.
    .bind(Uuid::now_v7())
    .bind(draft.name)
    .bind(draft.email)
    .bind(draft.phone)
    .bind(draft.company)
    .bind(user.id())
    .fetch_one(&mut *db)
    .await
    .map_err(taken)?;
    db.commit().await?;
    Ok((StatusCode::CREATED, Json(contact)))
}
