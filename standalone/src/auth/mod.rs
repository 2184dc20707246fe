//! Who calls, and what they may do.

mod authenticate;
mod authorize;

pub use authenticate::authenticate;
pub use authorize::{Attributes, allowed, forbidden};

use k8s_openapi::api::rbac::v1::PolicyRule;
use sha2::{Digest, Sha256};

/// A component's bearer token: its name is the user, its rules are what it may do.
#[derive(Clone, Debug)]
pub struct Token {
    /// User name, as messages and `kubectl auth whoami` show it.
    pub name: String,
    /// SHA-256 of the secret. Secrets are random and long, so a plain digest is enough.
    pub secret_hash: [u8; 32],
    /// Groups; `system:masters` may do everything.
    pub groups: Vec<String>,
    /// Rules as in an RBAC `ClusterRole`.
    pub rules: Vec<PolicyRule>,
}

impl Token {
    /// A token for this secret.
    pub fn new(name: &str, secret: &str, groups: Vec<String>, rules: Vec<PolicyRule>) -> Self {
        Self { name: name.to_owned(), secret_hash: hash(secret), groups, rules }
    }
}

fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// The caller of one request.
#[derive(Clone, Debug)]
pub struct User {
    /// User name.
    pub name: String,
    /// Groups, `system:authenticated` or `system:unauthenticated` among them.
    pub groups: Vec<String>,
    /// What it may do.
    pub rules: Vec<PolicyRule>,
}

impl User {
    fn anonymous() -> Self {
        Self { name: "system:anonymous".into(), groups: vec!["system:unauthenticated".into()], rules: Vec::new() }
    }

    /// Whether it is in a group.
    pub fn is_in(&self, group: &str) -> bool {
        self.groups.iter().any(|one| one == group)
    }
}
