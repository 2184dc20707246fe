//! Installs: a plugin for a tenant.
//!
//! [`observe::references`] → [`validate`] → [`observe::observe`] → [`plan`] → [`apply`] →
//! [`report`]; an install that goes takes [`cleanup`] instead, which does not validate.

mod apply;
mod cleanup;
mod desired;
mod observe;
mod plan;
mod quota;
mod reconcile;
mod report;
mod resolve;
mod sweep;
mod validate;

pub use reconcile::reconcile;
pub use validate::allowed;

use crate::problem::Problem;

/// What came of one step: those after a failed one are not tried.
type Step<T> = Result<T, Problem>;
