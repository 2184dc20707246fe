//! What a plugin author writes.

use kube::{CustomResource, KubeSchema};
use plexica_contract::manifest::{
    Api, Configuration, Events, Frontend, MigrationDeclaration, PermissionDeclaration, Provision, Requirement, Runtime,
    Translations,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{PluginStatus, Rollout};

/// The manifest of one version of a plugin.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(
    group = "plexica.io",
    version = "v1alpha1",
    kind = "Plugin",
    plural = "plugins",
    shortname = "pl",
    category = "plexica",
    status = "PluginStatus",
    derive = "PartialEq",
    doc = "A catalogue entry: one version of a plugin, as its manifest describes it. Named <id>-<version>.",
    printcolumn(name = "Ready", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].status"#),
    printcolumn(name = "Plugin", type_ = "string", json_path = ".spec.id"),
    printcolumn(name = "Version", type_ = "string", json_path = ".spec.version"),
    printcolumn(name = "Phase", type_ = "string", json_path = ".status.phase"),
    printcolumn(name = "Reason", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].reason"#),
    printcolumn(name = "Installs", type_ = "integer", json_path = ".status.installs"),
    printcolumn(name = "Rollout", type_ = "string", json_path = ".status.rollout.phase"),
    printcolumn(name = "Migrated", type_ = "string", priority = "1", json_path = ".status.rollout.message"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Message", type_ = "string", priority = "1", json_path = r#".status.conditions[?(@.type=="Ready")].message"#),
    validation = Rule::new("self.metadata.name == self.spec.id + '-' + self.spec.version")
        .message("metadata.name must be <spec.id>-<spec.version>, such as crm-1.4.0"),
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("self.id == oldSelf.id && self.version == oldSelf.version")
        .message("id and version cannot be changed: apply another Plugin named <id>-<version>"),
    validation = Rule::new("has(self.runtime.image) || (has(self.runtime.command) && size(self.runtime.command) > 0)")
        .message("runtime needs an image (containers) or a command (process runner of dev mode), or both"),
    validation = Rule::new("!has(self.permissions) || self.permissions.all(p, p.key.startsWith(self.id + ':') && p.key.matches('^[a-z][a-z0-9-]*(:[a-z][a-z0-9-]*){2}$'))")
        .message("a permission's key is <plugin id>:<resource>:<action>, such as crm:contacts:read"),
    validation = Rule::new("!has(self.events) || !has(self.events.publishes) || self.events.publishes.all(e, e.startsWith(self.id + '.'))")
        .message("a plugin publishes only events of its own: <plugin id>.<entity>.<event>, such as crm.contact.created"),
    validation = Rule::new("!has(self.requires) || self.requires.all(r, has(r.plugin) != has(r.interface))")
        .message("a requirement names either a plugin, such as files, or an interface, such as files.v1"),
    validation = Rule::new("!has(self.provides) || self.provides.all(p, p.interface.matches('^[a-z][a-z0-9-]*([.][a-z0-9-]+)*$'))")
        .message("an interface has a name of lower-case letters, digits, dashes and dots, such as files.v1"),
)]
pub struct PluginSpec {
    /// The plugin's id: its route is /api/plugins/<id>. At most 24 characters; cannot be changed.
    #[schemars(length(min = 1, max = 24))]
    #[x_kube(
        validation = Rule::new("self.matches('^[a-z][a-z0-9]*(-[a-z0-9]+)*$') && !self.matches('(^|-)plugin(-|$)')")
            .message("id must be lower-case letters, digits and single dashes, starting with a letter, without the word plugin between dashes, such as crm")
    )]
    pub id: String,
    /// Semantic version without build metadata; cannot be changed.
    #[schemars(length(min = 5, max = 24))]
    #[x_kube(
        validation = Rule::new("self.matches('^(0|[1-9][0-9]*)\\\\.(0|[1-9][0-9]*)\\\\.(0|[1-9][0-9]*)(-[0-9a-z]+([.-][0-9a-z]+)*)?$')")
            .message("version must be a semantic version in lower case without \"+\", such as 1.4.0 or 2.0.0-rc.1")
    )]
    pub version: String,
    /// Name for people.
    #[schemars(length(min = 1, max = 120))]
    pub display_name: String,
    /// What it does, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1000))]
    pub description: Option<String>,
    /// How it is run.
    pub runtime: Runtime,
    /// Other plugins, and interfaces that other plugins provide, that it needs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub requires: Vec<Requirement>,
    /// Interfaces it provides: what others may require in place of the plugin itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["interface".into()]))]
    pub provides: Vec<Provision>,
    /// Its HTTP API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<Api>,
    /// Permissions it defines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 128))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["key".into()]))]
    pub permissions: Vec<PermissionDeclaration>,
    /// Events it publishes and wants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<Events>,
    /// Its migrations, in order. Left out, it counts as having expand steps alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 512))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
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
    /// How tenants are brought to this version. The platform's own: no author writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout: Option<Rollout>,
    /// Set by who keeps the catalogue: this version works, and another should be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<Deprecation>,
    /// Set by who keeps the catalogue: this version is not chosen any more. Installs that run it go on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub yanked: Option<Yank>,
}

/// Why another version, or plugin, should be used.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Deprecation {
    /// What to use instead, and until when.
    #[schemars(length(min = 1, max = 500))]
    pub message: String,
}

/// Why a version is not to be chosen any more.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Yank {
    /// What is wrong with it.
    #[schemars(length(min = 1, max = 500))]
    pub reason: String,
}
