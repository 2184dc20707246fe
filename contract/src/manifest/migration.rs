//! What a version does to tenants' data.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One step of a plugin's migrations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MigrationDeclaration {
    /// Name of its file.
    #[schemars(length(min = 1, max = 120))]
    pub name: String,
    /// When it runs.
    #[serde(default)]
    pub phase: MigrationPhase,
}

/// When a migration runs in an upgrade: parallel change, also called expand and contract.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum MigrationPhase {
    /// Before the new version serves, while the old one does: it only adds, so that both work.
    #[default]
    Expand,
    /// After the new version has proved itself: it may take away what the old one needs.
    Contract,
}
