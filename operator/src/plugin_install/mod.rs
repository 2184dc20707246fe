//! Installs: a plugin for a tenant.
//!
//! [`observe::references`] → [`validate`] → [`observe::observe`] → [`plan`] → [`apply`] →
//! [`report`]; an install that goes takes [`cleanup`] instead, which does not validate.

mod apply;
mod cleanup;
mod desired;
mod observe;
mod plan;
mod reconcile;
mod report;
mod resolve;
mod rotation;
mod sweep;
mod validate;

pub use reconcile::reconcile;

use crate::problem::Problem;

/// What came of one step: those after a failed one are not tried.
type Step<T> = Result<T, Problem>;
