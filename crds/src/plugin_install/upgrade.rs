//! The way from one version to another.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::RightsStatus;

/// The upgrade under way, or the last one.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct UpgradeStatus {
    /// The version that served before.
    pub from: String,
    /// The version that is to serve.
    pub to: String,
    /// How far it is.
    pub phase: UpgradePhase,
    /// Since when it is in this phase.
    pub since: Time,
    /// How often the plugin failed to bring the tenant's data there.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub attempts: i32,
    /// Since when the new version does not come up, or is not well while it is being watched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unhealthy_since: Option<Time>,
    /// Why it was taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The generation of the spec that it is about: another one is another try.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<i64>,
    /// The annotation plexica.io/retry-upgrade that it is about: another value is another try.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<String>,
    /// What was in force while the version before served: it is again when that serves again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub granted: Option<RightsStatus>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
const fn is_zero(number: &i32) -> bool {
    *number == 0
}

/// How far an upgrade is.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpgradePhase {
    /// The new version comes up and runs its expand migrations; the old one serves.
    Expanding,
    /// The new version serves; the old one is kept beside it.
    Baking,
    /// The old one is gone and contract migrations run: there is no way back.
    Contracting,
    /// Done.
    Complete,
    /// The old version is to serve again.
    RollingBack,
    /// The old version serves again.
    RolledBack,
}
