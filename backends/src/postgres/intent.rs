//! Who is about to create an object whose creation and mark are not one step.
//!
//! Recorded in `core.ownership` before the object is created: an empty object without a mark and
//! with a recorded intent was ours to complete.

use super::Provisioner;
use super::failure::failure;
use crate::ownership::Mark;
use crate::{Result, System};

/// The record of one system's objects.
#[derive(Clone, Debug)]
pub struct Intents {
    provisioner: Provisioner,
    system: System,
}

impl Intents {
    /// Kept in the platform's own database, the default placement.
    pub fn new(provisioner: Provisioner, system: System) -> Self {
        Self { provisioner, system }
    }

    /// Notes that `mark`'s owner is about to create the object.
    pub async fn record(&self, object: &str, mark: &Mark) -> Result<()> {
        sqlx::query(
            "INSERT INTO core.ownership (system, name, installation, kind, owner_name, owner_uid)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (system, name) DO UPDATE SET installation = excluded.installation, kind = excluded.kind,
                 owner_name = excluded.owner_name, owner_uid = excluded.owner_uid, recorded_at = now()",
        )
        .bind(self.system.as_str())
        .bind(object)
        .bind(&mark.installation.name)
        .bind(&mark.kind)
        .bind(&mark.name)
        .bind(&mark.uid)
        .execute(self.provisioner.pool())
        .await
        .map_err(failure(&format!("record the intent to create {object}")))
        .map(drop)
    }

    /// Who announced the object.
    pub async fn find(&self, object: &str) -> Result<Option<Mark>> {
        let row: Option<(String, String, String, String)> = sqlx::query_as(
            "SELECT installation, kind, owner_name, owner_uid FROM core.ownership WHERE system = $1 AND name = $2",
        )
        .bind(self.system.as_str())
        .bind(object)
        .fetch_optional(self.provisioner.pool())
        .await
        .map_err(failure(&format!("read who announced {object}")))?;
        Ok(row.map(|(installation, kind, name, uid)| Mark {
            installation: installation.as_str().into(),
            kind,
            name,
            uid,
        }))
    }

    /// The object carries its mark now, or is gone.
    pub async fn forget(&self, object: &str) -> Result<()> {
        sqlx::query("DELETE FROM core.ownership WHERE system = $1 AND name = $2")
            .bind(self.system.as_str())
            .bind(object)
            .execute(self.provisioner.pool())
            .await
            .map_err(failure(&format!("forget who announced {object}")))
            .map(drop)
    }
}
