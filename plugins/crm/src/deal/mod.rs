//! Deals: what may be sold, and how far that is.

pub(crate) mod advance;
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

use crate::config::Config;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .get("/", list::list)
        .post("/", create::create)
        .get("/{id}", get::get)
        .put("/{id}", update::update)
        .put("/{id}/stage", advance::advance)
        .delete("/{id}", delete::delete)
}

/// A deal.
#[derive(Debug, Serialize, FromRow, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Deal)]
pub(crate) struct Deal {
    pub(crate) id: Uuid,
    title: String,
    contact_id: Option<Uuid>,
    /// One of the tenant's stages.
    stage: String,
    /// In the currency's smallest unit.
    amount_minor: i64,
    /// ISO 4217.
    currency: String,
    /// Id of the user who added it.
    created_by: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// What a client says of a deal.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct DealDraft {
    #[schema(min_length = 1, max_length = 200)]
    title: String,
    contact_id: Option<Uuid>,
    /// One of the tenant's stages; left out, a new deal starts in the first and another stays.
    stage: Option<String>,
    /// In the currency's smallest unit.
    #[schema(minimum = 0)]
    amount_minor: i64,
}

impl DealDraft {
    fn checked(self, config: &Config) -> Result<Self> {
        let title = self.title.trim().to_owned();
        let stage_known = self.stage.as_ref().is_none_or(|stage| config.stages.contains(stage));
        Checks::new()
            .require((1..=200).contains(&title.chars().count()), "title", "must have from 1 to 200 characters")
            .require(self.amount_minor >= 0, "amountMinor", "must not be negative")
            .require(stage_known, "stage", config.unknown_stage())
            .done()?;
        Ok(Self { title, ..self })
    }
}

/// Says which field names something that is not there.
fn dangling(error: sqlx::Error) -> Error {
    match error.as_database_error().and_then(|error| error.constraint()) {
        Some("deals_contact") => Error::invalid("contactId", "must be the id of a contact"),
        _ => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_fields_break_a_rule() {
        let draft = |title: &str, stage: Option<&str>, amount_minor| DealDraft {
            title: title.into(),
            contact_id: None,
            stage: stage.map(str::to_owned),
            amount_minor,
        };
        for (draft, expected) in [
            (draft("Ship", None, 0), vec![]),
            (draft("Ship", Some("won"), i64::MAX), vec![]),
            (draft(" ", Some("won"), -1), vec!["title", "amountMinor"]),
            (draft("Ship", Some("sunk"), 1), vec!["stage"]),
        ] {
            let shown = format!("{draft:?}");
            let fields: Vec<String> = match draft.checked(&Config::default()) {
                Ok(_) => Vec::new(),
                Err(error) => error.body().error.details.iter().map(|detail| detail.field.clone()).collect(),
            };
            assert_eq!(fields, expected, "{shown}");
        }
    }
}
