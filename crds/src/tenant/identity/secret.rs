//! References to Secrets.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// One value of a Secret in the tenant's namespace. It is read again at every look, so that a changed
/// one is noticed.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "camelCase")]
pub struct SecretKeyRef {
    /// Name of the Secret. The chart lets the operator read identity-credentials; for another, grant it that.
    #[serde(default = "name")]
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Key in its data.
    #[schemars(length(min = 1, max = 253))]
    pub key: String,
}

fn name() -> String {
    "identity-credentials".into()
}
