//! A tenant's bucket. Its mark is in its tags.
//!
//! Creating and tagging are two calls, so the intent is recorded first.

mod ensure;
mod observe;
mod plan;
mod policy;
pub(super) mod probe;
mod retire;
mod size;

use plexica_crds::tenant::AdoptionPolicy;

use crate::ownership::{Found, Mark};

pub use ensure::ensure;
pub(in crate::s3) use observe::look;
pub use observe::{observe, owns};
pub use plan::{differences, digest};
pub(super) use retire::remove;
pub use retire::retire;
pub use size::bytes;

/// What should be there.
#[derive(Clone, Debug)]
pub struct Desired {
    /// The bucket's name.
    pub bucket: String,
    /// The owner: the `Tenant`.
    pub mark: Mark,
    /// Whether an earlier owner's bucket is taken back.
    pub adoption: AdoptionPolicy,
}

/// What is there.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    found: Found,
    /// All tags, the mark's and others'.
    tags: Vec<(String, String)>,
    /// The bucket's policy, where one is wanted.
    policy: Option<serde_json::Value>,
    /// Whether somebody's intent to create it is still noted; none if that could not be read.
    announced: Option<bool>,
}

impl Observed {
    /// No bucket.
    pub const fn absent() -> Self {
        Self { found: Found::Absent, tags: Vec::new(), policy: None, announced: Some(false) }
    }

    /// What stands at the bucket's name.
    pub const fn found(&self) -> &Found {
        &self.found
    }

    /// Whether all was read: a bucket that has its mark is known for what it is without the record of intents, and what
    /// is still noted there is to be forgotten when it can be read again.
    pub const fn is_whole(&self) -> bool {
        self.announced.is_some()
    }
}
