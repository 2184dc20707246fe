//! `GET /contacts`

use plexica_sdk::prelude::*;
use serde::Deserialize;
use utoipa::IntoParams;

use super::Contact;
use crate::{
    openapi::ErrorBody,
    page::{Page, Paged},
    permission::ContactsRead,
};

/// Which contacts.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// Part of a name, an address or a company, in any case.
    search: Option<String>,
    /// Exactly this address, in any case.
    email: Option<String>,
}

/// Lists contacts, newest first.
#[utoipa::path(get, path = "/contacts", tag = "contacts", params(Page, Filter),
    security(("bearer" = ["crm:contacts:read"])),
    responses((status = 200, description = "A page of them.", body = Paged<Contact>),
        (status = "4XX", description = "Refused.", body = ErrorBody)))]
pub(crate) async fn list(
    _: Allowed<ContactsRead>,
    tenant: Tenant,
    Query(page): Query<Page>,
    Query(filter): Query<Filter>,
) -> Result<Json<Paged<Contact>>> {
    let window = page.window()?;
    let mut db = tenant.db().await?;
    // Columns by name, never `*`: one prepared statement serves tenants whose tables are of
    // different versions during an upgrade.
    let contacts: Vec<Contact> = sqlx::query_as(
        "SELECT id, name, email, phone, company, created_by, created_at, updated_at FROM contacts
         WHERE ($1::uuid IS NULL OR id < $1)
           AND ($2::text IS NULL OR name ILIKE $2 OR email ILIKE $2 OR company ILIKE $2)
           AND ($3::text IS NULL OR lower(email) = lower($3))
         ORDER BY id DESC LIMIT $4",
    )
    .bind(window.before)
    .bind(filter.search.as_deref().map(containing))
    .bind(filter.email)
    .bind(window.rows())
    .fetch_all(&mut *db)
    .await?;
    Ok(Json(window.page(contacts, |contact| contact.id)))
}

/// A LIKE pattern of texts that contain this one; its own wildcards are only characters.
fn containing(text: &str) -> String {
    let literal = text.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_");
    format!("%{literal}%")
}

#[cfg(test)]
mod tests {
    use super::containing;

    #[test]
    fn wildcards_are_only_characters() {
        for (text, pattern) in [("ada", "%ada%"), ("100%", r"%100\%%"), ("a_b", r"%a\_b%"), (r"a\b", r"%a\\b%")] {
            assert_eq!(containing(text), pattern);
        }
    }
}
