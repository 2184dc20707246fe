//! What the operator reports.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ConfigurationStatus, Isolation, UpgradeStatus};
use crate::{CredentialStatus, OperationStatus};

/// Where the install stands.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct PluginInstallStatus {
    /// The generation this status is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// One word for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<Phase>,
    /// For machines: Ready first, then a condition per step.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
    /// What is being done about it, or was done last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<OperationStatus>,
    /// The version that serves (or last served) this tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The version whose migrations ran last for this tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migrated_version: Option<String>,
    /// The oldest version that can serve this tenant's data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest_version: Option<String>,
    /// The upgrade under way, or the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upgrade: Option<UpgradeStatus>,
    /// The configuration in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configuration: Option<ConfigurationStatus>,
    /// The tenant's place in Postgres for this plugin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<DatabaseStatus>,
    /// Permissions in force: declared by the version and granted by the tenant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub permissions: Vec<String>,
    /// Permissions that are new with the version and not in force: nobody has said yes or no.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub awaiting_consent: Vec<String>,
    /// Events in force: subscribed to by the version and consented to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<String>,
    /// Events that are new with the version and not in force: nobody has said yes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub awaiting_events: Vec<String>,
    /// What the version asked for when it was last looked at; what is added to it later waits for consent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<RightsStatus>,
    /// Where the gateway sends requests; absent while nothing is routed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<RouteStatus>,
    /// What the workload that serves signs in with, to the database and to the core API; all installs of
    /// a Shared plugin have the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials: Option<CredentialStatus>,
    /// Digests of what each part was brought to last. A part that is to be the same and is not was
    /// changed by somebody else.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub applied: BTreeMap<String, String>,
}

/// What a plugin may do for a tenant, and what it hears of.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct RightsStatus {
    /// Permissions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub permissions: Vec<String>,
    /// Events that it subscribes to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<String>,
}

/// One word for people.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Waits for its tenant or its plugin.
    Pending,
    /// Being brought to what the spec says.
    Installing,
    /// Serves requests.
    Ready,
    /// Installed and not routed, as the spec says.
    Disabled,
    /// Installed and not routed, because its tenant is suspended.
    Suspended,
    /// Left alone, as its annotation plexica.io/paused says.
    Paused,
    /// A part is unreachable or broken; it is tried again.
    Degraded,
    /// Something must be changed by a person: see the conditions.
    Stalled,
    /// Being removed.
    Terminating,
}

/// The tenant's place in Postgres for this plugin.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct DatabaseStatus {
    /// The schema.
    pub schema: String,
    /// The NOLOGIN role that owns what the plugin makes there.
    pub role: String,
}

/// Where the gateway sends requests.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct RouteStatus {
    /// The path at the gateway.
    pub path: String,
    /// Base URL of the workload, inside.
    pub upstream: String,
    /// Of which isolation the workload is: that of the spec, but while the install moves, or is left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isolation: Option<Isolation>,
    /// When requests began to go there: what served before them runs on until gateways have heard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Time>,
}
