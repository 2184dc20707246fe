//! The manifest's parts.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the plugin is run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Runtime {
    /// Container image, for Kubernetes and Docker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// The port it listens on inside its container.
    #[serde(default = "default_port")]
    #[schemars(range(min = 1, max = 65535))]
    pub port: i32,
    /// Program and arguments for the process runner of dev mode alone; a container runs what its
    /// image says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// Copies of a `Shared` workload.
    #[serde(default = "default_replicas")]
    #[schemars(range(min = 1, max = 100))]
    pub replicas: i32,
    /// What its container asks for and may use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
}

const fn default_port() -> i32 {
    8080
}

const fn default_replicas() -> i32 {
    1
}

/// Requests and limits, as in a Kubernetes container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Resources {
    /// What is reserved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests: Option<ResourceQuantities>,
    /// The most it may use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<ResourceQuantities>,
}

/// Kubernetes quantities.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResourceQuantities {
    /// Such as `100m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<String>,
    /// Such as `64Mi`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<String>,
}

/// Another plugin, or an interface that another plugin provides, that this one needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Requirement {
    /// Id of the plugin. Either this or interface.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 24))]
    pub plugin: Option<String>,
    /// Name of the interface: any plugin that provides it will do. Either this or plugin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub interface: Option<String>,
    /// A semver requirement such as `>=1.0, <2`.
    #[schemars(length(min = 1, max = 120))]
    pub version: String,
    /// Whether this plugin also works without it. What is there must have a matching version all
    /// the same.
    #[serde(default)]
    pub optional: bool,
}

/// An interface that a plugin provides: what others may require in place of the plugin itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Provision {
    /// Its name, such as `files.v1`.
    #[schemars(length(min = 1, max = 63))]
    pub interface: String,
    /// The interface's own semantic version.
    #[schemars(length(min = 5, max = 24))]
    pub version: String,
}

/// The plugin's HTTP API.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Api {
    /// Path of its OpenAPI document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub openapi: Option<String>,
}

/// A permission that the plugin defines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PermissionDeclaration {
    /// `<plugin id>:<resource>:<action>`.
    #[schemars(length(min = 5, max = 80))]
    pub key: String,
    /// Name for people.
    #[schemars(length(min = 1, max = 120))]
    pub name: String,
    /// Roles of the tenant that have it from the start.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), inner(length(min = 1, max = 64)))]
    pub default_roles: Vec<String>,
}

/// Events.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Events {
    /// Types it publishes: `<plugin id>.<entity>.<event>`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 120)))]
    pub publishes: Vec<String>,
    /// Types it wants delivered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 120)))]
    pub subscribes: Vec<String>,
}

/// What a tenant may configure.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Configuration {
    /// A JSON Schema (2020-12) of `PluginInstall.spec.config`.
    #[schemars(extend("x-kubernetes-preserve-unknown-fields" = true), schema_with = "any_object")]
    pub schema: serde_json::Value,
    /// How a change of it reaches processes that run.
    #[serde(default, skip_serializing_if = "Reload::is_live")]
    pub reload: Reload,
}

/// How a change of a tenant's configuration reaches a plugin's processes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Reload {
    /// They read it in the list of their tenants, and it counts at once.
    #[default]
    Live,
    /// The plugin is asked first. It may refuse, and it may want to be started again.
    Ask,
    /// They are started again, one beside the other.
    Restart,
}

impl Reload {
    /// Whether they read it, which goes without saying.
    pub const fn is_live(&self) -> bool {
        matches!(self, Self::Live)
    }
}

fn any_object(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({ "type": "object" })
}

/// The plugin's part of the console.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Frontend {
    /// Path of its module federation entry.
    pub remote_entry: String,
    /// Where its pages live in the console.
    pub route_prefix: String,
    /// Names of exposed modules, by extension point.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub exposes: BTreeMap<String, String>,
}

/// The plugin's texts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Translations {
    /// Namespaces of keys.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub namespaces: Vec<String>,
    /// Languages (BCP 47).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub locales: Vec<String>,
}
