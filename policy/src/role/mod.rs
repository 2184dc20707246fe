//! Roles.

mod graph;

use serde::{Deserialize, Serialize};

use crate::Grant;

pub use graph::{Effective, RoleError, Roles};

/// A role: what it is given, and the roles of which it has all as well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Role {
    /// As users have it.
    pub name: String,
    /// What it is given.
    #[serde(default)]
    pub grants: Vec<Grant>,
    /// Names of roles of which it has all as well.
    #[serde(default)]
    pub inherits: Vec<String>,
}
