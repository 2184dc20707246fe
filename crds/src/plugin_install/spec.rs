//! What a person writes.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::PluginInstallStatus;
use crate::tenant::{DeletionPolicy, DriftPolicy};

/// Which plugin runs for which tenant, and how.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(
    group = "plexica.io",
    version = "v1alpha1",
    kind = "PluginInstall",
    plural = "plugininstalls",
    shortname = "pi",
    category = "plexica",
    namespaced,
    status = "PluginInstallStatus",
    derive = "PartialEq",
    doc = "A plugin installed for a tenant. In a tenant's namespace it may name that tenant only; in the platform's namespace any.",
    // What the operator asks for, so that a look at one tenant does not read those of all.
    selectable = ".spec.tenantRef.name",
    selectable = ".spec.plugin.id",
    printcolumn(name = "Ready", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].status"#),
    printcolumn(name = "Routed", type_ = "string", json_path = r#".status.conditions[?(@.type=="Routed")].status"#),
    printcolumn(name = "Phase", type_ = "string", json_path = ".status.phase"),
    printcolumn(name = "Reason", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].reason"#),
    printcolumn(name = "Tenant", type_ = "string", json_path = ".spec.tenantRef.name"),
    printcolumn(name = "Plugin", type_ = "string", json_path = ".spec.plugin.id"),
    printcolumn(name = "Version", type_ = "string", json_path = ".status.version"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(
        name = "Drifted",
        type_ = "string",
        priority = "1",
        json_path = r#".status.conditions[?(@.type=="Drifted")].status"#
    ),
    printcolumn(
        name = "Message",
        type_ = "string",
        priority = "1",
        json_path = r#".status.conditions[?(@.type=="Ready")].message"#
    )
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("self.tenantRef.name == oldSelf.tenantRef.name && self.plugin.id == oldSelf.plugin.id")
        .message("tenantRef.name and plugin.id cannot be changed: delete this install and apply another"),
)]
pub struct PluginInstallSpec {
    /// The tenant.
    pub tenant_ref: TenantReference,
    /// The plugin.
    pub plugin: PluginReference,
    /// Whether it is routed; false keeps the data and stops the requests.
    #[serde(default = "enabled")]
    pub enabled: bool,
    /// Configuration, checked against the schema in the plugin's manifest.
    #[serde(default = "empty_object")]
    #[schemars(schema_with = "any_object")]
    pub config: serde_json::Value,
    /// Whether tenants share one workload of this plugin version or this tenant has its own. Shared
    /// trusts the plugin's code between tenants; install what you do not trust as Dedicated.
    #[serde(default)]
    pub isolation: Isolation,
    /// Permissions of the manifest that the tenant grants; absent grants all that the installed
    /// version declares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    // As a whole: of a set, a server-side apply that leaves the field out keeps an empty list, which is no grant.
    #[schemars(length(max = 128))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub granted_permissions: Option<Vec<String>>,
    /// What happens to the plugin's data for this tenant when this resource is deleted.
    #[serde(default)]
    pub deletion_policy: DeletionPolicy,
    /// What happens when a part is changed behind the operator's back; absent, as the tenant says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift_policy: Option<DriftPolicy>,
}

const fn enabled() -> bool {
    true
}

fn empty_object() -> serde_json::Value {
    serde_json::Value::Object(serde_json::Map::new())
}

fn any_object(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true })
}

/// The tenant, by name.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct TenantReference {
    /// `metadata.name` of the Tenant; cannot be changed.
    #[schemars(length(min = 1, max = 24))]
    pub name: String,
}

/// The plugin, by id and version requirement.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct PluginReference {
    /// Id of the plugin; cannot be changed.
    #[schemars(length(min = 1, max = 24))]
    pub id: String,
    /// Semver requirement such as ^1.4, ~1.4.2, =1.4.0 or ">=1, <3"; the highest version in the
    /// catalogue that matches is installed.
    #[serde(default = "any_version")]
    #[schemars(length(min = 1, max = 120))]
    pub version: String,
}

fn any_version() -> String {
    "*".into()
}

/// Who shares a workload.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Isolation {
    /// One workload per plugin version, for all tenants.
    #[default]
    Shared,
    /// One workload and one database login per tenant.
    Dedicated,
}
