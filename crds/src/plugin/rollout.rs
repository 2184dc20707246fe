//! How tenants are brought to a version.

use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How tenants are brought to this version.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Rollout {
    /// For how long after a tenant's requests go to this version the one before is kept running beside
    /// it, to go back to at once; contract migrations run after that.
    #[serde(default = "bake")]
    #[schemars(range(min = 0, max = 604_800))]
    pub bake_seconds: i32,
    /// After how long without coming up for a tenant this version is given up there.
    #[serde(default = "deadline")]
    #[schemars(range(min = 10, max = 86400))]
    pub progress_deadline_seconds: i32,
    /// Who goes first; the others wait until these are well. Absent, nobody waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canary: Option<Canary>,
}

impl Rollout {
    /// [`Self::bake_seconds`].
    pub fn bake(&self) -> Duration {
        seconds(self.bake_seconds)
    }

    /// [`Self::progress_deadline_seconds`].
    pub fn progress_deadline(&self) -> Duration {
        seconds(self.progress_deadline_seconds)
    }
}

impl Default for Rollout {
    fn default() -> Self {
        Self { bake_seconds: bake(), progress_deadline_seconds: deadline(), canary: None }
    }
}

const fn bake() -> i32 {
    300
}

const fn deadline() -> i32 {
    600
}

/// Who goes first: the tenants that are named, and a share of all others.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("(has(self.tenants) && size(self.tenants) > 0) || (has(self.percent) && self.percent > 0)")
        .message("rollout.canary needs tenants or a percent above 0: without them nobody goes first and all wait for nothing")
)]
pub struct Canary {
    /// Names of tenants.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256), inner(length(min = 1, max = 24)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub tenants: Vec<String>,
    /// Share of all tenants, in hundredths, always the same ones for a plugin.
    #[serde(default)]
    #[schemars(range(min = 0, max = 100))]
    pub percent: i32,
    /// For how long all of these must have been on this version before the others follow.
    #[serde(default = "bake")]
    #[schemars(range(min = 0, max = 604_800))]
    pub bake_seconds: i32,
}

impl Canary {
    /// [`Self::bake_seconds`].
    pub fn bake(&self) -> Duration {
        seconds(self.bake_seconds)
    }
}

/// The schema lets none below zero through.
fn seconds(number: i32) -> Duration {
    Duration::from_secs(u64::try_from(number).unwrap_or_default())
}

/// How far it is.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct RolloutStatus {
    /// Who may take this version.
    pub phase: RolloutPhase,
    /// Installs that are to be at this version. Who is disabled, suspended or paused counts when it is there.
    pub total: i64,
    /// Those whose requests it serves.
    pub migrated: i64,
    /// Tenants where it was taken back, until they have come to it by another try or are to be at another.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<String>,
    /// Since when all that go first are at this version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baking_since: Option<Time>,
    /// The same for people: `migrated 412/1000, 3 failed: acme, beta, gama`.
    pub message: String,
}

/// Who may take a version.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub enum RolloutPhase {
    /// Those who go first; the others wait.
    Canary,
    /// Everybody.
    Open,
    /// Nobody who is not there already: it was taken back somewhere.
    Stopped,
}
