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
mod sweep;
mod upgrade;
mod validate;

pub use reconcile::reconcile;
pub use upgrade::was_taken_back;

use plexica_crds::{Plugin, PluginInstall};

use crate::problem::Problem;

/// What came of one step: those after a failed one are not tried.
type Step<T> = Result<T, Problem>;

/// Whether the install's spec leads to that version, whoever goes there first.
pub fn leads_to(install: &PluginInstall, catalogue: &[&Plugin], version: &str) -> bool {
    let wanted = resolve::resolve(&install.spec.plugin, catalogue.iter().copied());
    install.metadata.deletion_timestamp.is_none() && wanted.is_ok_and(|plugin| plugin.spec.version == version)
}
