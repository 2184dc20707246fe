//! Digest of a request body, so that a lifecycle token is good for one body only.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// `sha-256=<base64url>`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BodyDigest(String);

impl BodyDigest {
    /// The digest of these bytes.
    pub fn of(body: &[u8]) -> Self {
        Self(format!("sha-256={}", URL_SAFE_NO_PAD.encode(Sha256::digest(body))))
    }

    /// Whether these bytes are the ones. A digest is no secret, so plain equality does.
    pub fn matches(&self, body: &[u8]) -> bool {
        *self == Self::of(body)
    }
}
