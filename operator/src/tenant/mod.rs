//! Tenants: schema, realm, bucket, namespace and Secrets.
//!
//! [`validate`] → [`observe`] → [`plan`] → [`apply`] → [`report`]; a tenant that goes takes
//! [`cleanup`] instead, which does not validate.

mod apply;
mod backup;
mod cleanup;
mod confirm;
mod credential;
mod desired;
mod farewell;
mod keys;
mod namespace;
mod observe;
mod placement;
mod plan;
mod quota;
mod reconcile;
mod rehearse;
mod report;
mod secret;
mod validate;

pub use backup::{made as backed_up, manifest};
pub use cleanup::abandoned_parts;
pub use confirm::confirmed;
pub use reconcile::reconcile;

use crate::problem::Problem;

/// What came of one part: each fails on its own.
type Part<T> = Result<T, Problem>;
