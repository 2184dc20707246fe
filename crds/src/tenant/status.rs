//! What the operator reports.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::PlanStatus;
use crate::{CredentialStatus, OperationStatus};

/// Where the tenant stands.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct TenantStatus {
    /// The generation this status is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// One word for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<Phase>,
    /// For machines: Ready first, then a condition per part.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
    /// What is being done about it, or was done last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<OperationStatus>,
    /// The tenant's place in Postgres.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<DatabaseStatus>,
    /// The tenant's realm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<IdentityStatus>,
    /// The tenant's bucket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage: Option<StorageStatus>,
    /// The tenant's namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The plan in force: that of the spec, or while that cannot be, the one before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanStatus>,
    /// The tenant's credentials. Those of its plugins are in the status of their installs.
    #[serde(default, skip_serializing_if = "CredentialsStatus::is_empty")]
    pub credentials: CredentialsStatus,
    /// The backup that was made before its data is removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub final_backup: Option<FinalBackupStatus>,
    /// When it was Ready for the first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_at: Option<Time>,
    /// Digests of what each part was brought to last. A part that is to be the same and is not was
    /// changed by somebody else.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub applied: BTreeMap<String, String>,
}

/// One word for people.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Being brought to what the spec says.
    Provisioning,
    /// As the spec says.
    Ready,
    /// Everything is there and nobody gets in, as the spec says.
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

/// The tenant's place in Postgres.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct DatabaseStatus {
    /// The named database it lives in.
    pub placement: String,
    /// Its schema.
    pub schema: String,
    /// The NOLOGIN role with DML in that schema.
    pub role: String,
}

/// The tenant's realm.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct IdentityStatus {
    /// The realm's name.
    pub realm: String,
    /// `iss` of its tokens, to the letter.
    pub issuer: String,
}

/// The tenant's bucket.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct StorageStatus {
    /// The bucket's name.
    pub bucket: String,
    /// When the credentials in the tenant's Secret end; absent if they do not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials_expire_at: Option<Time>,
}

/// The tenant's credentials.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct CredentialsStatus {
    /// The client and the secret that the tenant's servers sign in to its realm with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<CredentialStatus>,
    /// The keys to its bucket, where they are made for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage: Option<CredentialStatus>,
}

impl CredentialsStatus {
    /// Whether nothing is known of any.
    pub const fn is_empty(&self) -> bool {
        let Self { identity, storage } = self;
        identity.is_none() && storage.is_none()
    }
}

/// A backup of a tenant that goes.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct FinalBackupStatus {
    /// The bucket of the platform's own that it lies in.
    pub bucket: String,
    /// What its objects' keys begin with; manifest.json there lists them.
    pub prefix: String,
    /// When it was complete.
    pub completed_at: Time,
    /// Parts that are not in it, since they had been given up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub abandoned: Vec<String>,
}
