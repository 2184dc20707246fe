//! What the operator reports.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::RolloutStatus;
use crate::OperationStatus;

/// Where the catalogue entry stands.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct PluginStatus {
    /// The generation this status is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// One word for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<Phase>,
    /// For machines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
    /// How many installs resolve to this version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installs: Option<i64>,
    /// How far its rollout is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout: Option<RolloutStatus>,
    /// Its rollout in waves as one thing to follow, or the last one; none where no wave goes first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<OperationStatus>,
}

/// One word for people.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Can be installed.
    Available,
    /// Can be installed, and another should be: spec.deprecated says which.
    Deprecated,
    /// Not chosen any more, as spec.yanked says; installs that run it go on.
    Yanked,
    /// Left alone, as its annotation plexica.io/paused says.
    Paused,
    /// The manifest must be changed: see the conditions.
    Stalled,
    /// Being removed, as soon as no install needs it.
    Terminating,
}
