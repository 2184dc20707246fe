//! Installs: a plugin for a tenant.
//!
//! [`observe::references`] → [`validate`] → [`observe::observe`] → [`plan`] → [`apply`] →
//! [`report`]; an install that goes takes [`cleanup`] instead, which does not validate.

mod apply;
mod cleanup;
mod configuration;
mod desired;
mod needed;
mod observe;
mod plan;
mod quota;
mod reconcile;
mod rehearse;
mod report;
mod resolve;
mod restart;
mod rotation;
mod sweep;
mod upgrade;
mod validate;

pub use needed::needed;
pub use reconcile::reconcile;
pub use upgrade::{kept, was_taken_back};
pub use validate::{References, Valid, allowed, validate};

use plexica_contract::name::PluginVersion;
use plexica_crds::{Plugin, PluginInstall};
use semver::VersionReq;

use crate::problem::Problem;

/// What came of one step: those after a failed one are not tried.
type Step<T> = Result<T, Problem>;

/// Whether the install's spec leads to that version of its plugin, whoever goes there first and
/// whatever holds it back.
pub fn leads_to(install: &PluginInstall, catalogue: &[&Plugin], version: &str) -> bool {
    let reference = &install.spec.plugin;
    let Ok(requirement) = VersionReq::parse(&reference.version) else { return false };
    let offered = catalogue.iter().filter(|entry| {
        entry.spec.id == reference.id && entry.metadata.deletion_timestamp.is_none() && entry.spec.yanked.is_none()
    });
    let versions = offered.filter_map(|entry| entry.spec.version.parse::<PluginVersion>().ok());
    let highest = versions.filter(|version| requirement.matches(version.semver())).max();
    install.metadata.deletion_timestamp.is_none() && highest.is_some_and(|highest| highest.to_string() == version)
}
