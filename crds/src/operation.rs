//! What is being done about a resource, as one thing that can be followed.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is being done about a resource, or was done last. It goes on where it was when the operator
/// is started again.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct OperationStatus {
    /// Names it at `/api/v1/operations/{id}`.
    pub id: String,
    /// What it is about.
    pub kind: OperationKind,
    /// The generation of the spec that it is to bring about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<i64>,
    /// How it is.
    pub phase: OperationPhase,
    /// Since when.
    pub started_at: Time,
    /// When it succeeded, or came to where only a person helps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Time>,
    /// How often a step came to fail, which is tried again by itself; of a rollout, how often it went on after it
    /// was stopped.
    #[serde(default)]
    pub retries: i64,
    /// How many of its steps are done, such as 3/5.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub progress: String,
    /// Its steps, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub steps: Vec<OperationStep>,
}

/// One step of an operation.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct OperationStep {
    /// The condition that tells of it; of a rollout, the wave.
    pub name: String,
    /// How it is.
    pub phase: StepPhase,
    /// What it waits for, or why it failed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
}

/// What an operation is about.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationKind {
    /// A tenant is made, or taken back.
    Provision,
    /// A plugin is installed for a tenant.
    Install,
    /// It is brought to what its spec says now.
    Update,
    /// Another version of a plugin.
    Upgrade,
    /// The version before, again.
    Rollback,
    /// A version comes to its tenants in waves.
    Rollout,
    /// Nothing is routed any more; the data stays.
    Disable,
    /// A tenant is suspended, with all that it has installed.
    Suspend,
    /// It goes.
    Delete,
}

/// How an operation is.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationPhase {
    /// Under way.
    Running,
    /// Done.
    Succeeded,
    /// Something must be changed by a person; the resource's conditions say what.
    Failed,
    /// Another one took its place before it was done. Said of those that are past only, and of the rollout of a
    /// version that is to reach nobody else in waves, such as one that is yanked.
    Superseded,
}

impl OperationPhase {
    /// Whether it is not over: what has failed goes on when somebody has changed something.
    pub const fn goes_on(self) -> bool {
        matches!(self, Self::Running | Self::Failed)
    }

    /// As it stands in the resource.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "Running",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Superseded => "Superseded",
        }
    }
}

/// How a step is.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepPhase {
    /// It waits for another one, or is under way.
    Waiting,
    /// Done.
    Done,
    /// It failed, and is tried again.
    Failed,
}
