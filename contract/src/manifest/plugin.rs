//! The manifest as a whole.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Api, Configuration, Events, Frontend, MigrationDeclaration, MigrationPhase, PermissionDeclaration, Provision,
    Requirement, Runtime, Translations,
};
use crate::name::{PluginId, PluginVersion};

/// Everything a plugin declares.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// The plugin's id: its route is `/api/plugins/<id>`.
    #[schemars(with = "String")]
    pub id: PluginId,
    /// Semantic version, without build metadata.
    #[schemars(with = "String")]
    pub version: PluginVersion,
    /// Name for people.
    pub display_name: String,
    /// What it does, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// How it is run.
    pub runtime: Runtime,
    /// Other plugins and interfaces it needs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<Requirement>,
    /// Interfaces it provides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub provides: Vec<Provision>,
    /// Its HTTP API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<Api>,
    /// Permissions it defines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub permissions: Vec<PermissionDeclaration>,
    /// Events it publishes and wants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<Events>,
    /// Its migrations, in order. Left out, it counts as having expand steps alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub migrations: Vec<MigrationDeclaration>,
    /// What a tenant may configure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configuration: Option<Configuration>,
    /// Its part of the console.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frontend: Option<Frontend>,
    /// Its texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub translations: Option<Translations>,
}

impl Manifest {
    /// The name of its `Plugin` resource: `<id>-<version>`.
    pub fn resource_name(&self) -> String {
        format!("{}-{}", self.id, self.version)
    }

    /// Whether it has steps after which no older version can serve.
    pub fn contracts(&self) -> bool {
        self.contracts_after(&[])
    }

    /// Whether it has such steps that are not among those of an earlier version.
    pub fn contracts_after(&self, ran: &[MigrationDeclaration]) -> bool {
        let is_new = |migration: &MigrationDeclaration| ran.iter().all(|one| one.name != migration.name);
        self.migrations.iter().any(|migration| migration.phase == MigrationPhase::Contract && is_new(migration))
    }
}
