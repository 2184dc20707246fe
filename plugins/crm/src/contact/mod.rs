//! Contacts: people a tenant knows.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod update;

use chrono::{DateTime, Utc};
use plexica_sdk::prelude::*;
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use utoipa::ToSchema;
use uuid::Uuid;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .get("/", list::list)
        .post("/", create::create)
        .get("/{id}", get::get)
        .put("/{id}", update::update)
        .delete("/{id}", delete::delete)
}

/// A contact.
#[derive(Debug, Serialize, FromRow, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Contact)]
pub(crate) struct Contact {
    pub(crate) id: Uuid,
    name: String,
    email: Option<String>,
    phone: Option<String>,
    company: Option<String>,
    /// Id of the user who added it.
    created_by: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// What a client says of a contact.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ContactDraft {
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// No two contacts have the same.
    #[schema(max_length = 254, format = "email")]
    email: Option<String>,
    #[schema(max_length = 40)]
    phone: Option<String>,
    #[schema(max_length = 200)]
    company: Option<String>,
}

impl ContactDraft {
    /// The draft without blanks around its texts, if it follows the rules.
    fn checked(self) -> Result<Self> {
        let name = self.name.trim().to_owned();
        let [email, phone, company] = [self.email, self.phone, self.company].map(without_blanks);
        let at_most = |text: &Option<String>, most| text.as_ref().is_none_or(|text| text.chars().count() <= most);
        Checks::new()
            .require((1..=200).contains(&name.chars().count()), "name", "must have from 1 to 200 characters")
            .require(email.as_deref().is_none_or(is_address), "email", "must be an address such as ada@acme.test")
            .require(at_most(&phone, 40), "phone", "must have at most 40 characters")
            .require(at_most(&company, 200), "company", "must have at most 200 characters")
            .done()?;
        Ok(Self { name, email, phone, company })
    }
}

fn without_blanks(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// Whether mail could be sent there; only sending some would tell.
fn is_address(text: &str) -> bool {
    text.len() <= 254
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
        && text.split_once('@').is_some_and(|(who, host)| !who.is_empty() && !host.is_empty() && !host.contains('@'))
}

/// Says which value was taken, where the SDK could only say that one was.
fn taken(error: sqlx::Error) -> Error {
    match error.as_database_error().and_then(|error| error.constraint()) {
        Some("contacts_email") => {
            Error::conflict("A contact with this address exists already.").with_detail("email", "is another contact's")
        }
        _ => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(draft: ContactDraft) -> Vec<String> {
        match draft.checked() {
            Ok(_) => Vec::new(),
            Err(error) => error.body().error.details.iter().map(|detail| detail.field.clone()).collect(),
        }
    }

    #[test]
    fn which_fields_break_a_rule() {
        let long = |length| Some("x".repeat(length));
        let draft = |name: &str, email: &str| ContactDraft {
            name: name.into(),
            email: Some(email.into()),
            phone: None,
            company: None,
        };
        for (draft, expected) in [
            (draft("Grace", "grace@navy.test"), vec![]),
            (draft(" Grace ", " "), vec![]),
            (draft("", "grace@navy.test"), vec!["name"]),
            (draft("  ", "grace"), vec!["name", "email"]),
            (draft("Grace", "a@b@c"), vec!["email"]),
            (draft("Grace", "a b@c"), vec!["email"]),
            (draft(&"x".repeat(201), "@"), vec!["name", "email"]),
            (
                ContactDraft { name: "G".into(), email: None, phone: long(41), company: long(201) },
                vec!["phone", "company"],
            ),
        ] {
            let shown = format!("{draft:?}");
            assert_eq!(fields(draft), expected, "{shown}");
        }
    }
}
