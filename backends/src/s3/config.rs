//! Where the object store is and how tenants get keys.

use std::path::PathBuf;
use std::time::Duration;

use crate::Secret;

/// The object store as the operator reaches it.
#[derive(Clone, Debug)]
pub struct Config {
    /// URL; with none it is AWS itself, in `region`.
    pub endpoint: Option<String>,
    /// Region.
    pub region: String,
    /// The operator's own key.
    pub access_key_id: String,
    /// The operator's own key.
    pub secret_access_key: Secret,
    /// With keys of the operator that are short-lived themselves.
    pub session_token: Option<Secret>,
    /// PEM file of CAs trusted besides the system's.
    pub ca_bundle: Option<PathBuf>,
    /// How tenants get keys.
    pub credentials: Mode,
}

/// How tenants get keys.
#[derive(Clone, Debug)]
pub enum Mode {
    /// Short-lived ones by STS `AssumeRole` with a policy for the one bucket (AWS, MinIO).
    Sts(Sts),
    /// From a YAML file, kept by a person: `bucket: {accessKeyId: …, secretAccessKey: …}`.
    Static(PathBuf),
}

/// The STS side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sts {
    /// URL; by default the object store's, and on AWS the region's.
    pub endpoint: Option<String>,
    /// The role to assume; needed on AWS, MinIO has none.
    pub role_arn: Option<String>,
    /// How long keys are valid.
    pub duration: Duration,
}

impl Default for Sts {
    fn default() -> Self {
        // What every role of AWS allows.
        Self { endpoint: None, role_arn: None, duration: Duration::from_hours(1) }
    }
}

impl Config {
    /// Whether requests are encrypted, so that unencrypted ones can be forbidden.
    pub fn encrypted(&self) -> bool {
        self.endpoint.as_deref().is_none_or(|endpoint| endpoint.starts_with("https://"))
    }
}
