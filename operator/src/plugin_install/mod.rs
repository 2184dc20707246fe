//! Installs: a plugin for a tenant.
//!
//! [`observe::references`] → [`validate`] → [`observe::observe`] → [`plan`] → [`apply`] →
//! [`report`]; an install that goes takes [`cleanup`] instead, which does not validate.

mod apply;
mod cleanup;
pub(crate) mod configuration;
mod departure;
mod desired;
mod live;
mod needed;
mod observe;
mod plan;
mod purges;
mod quota;
mod reconcile;
mod rehearse;
mod report;
mod resolve;
mod restart;
mod rotation;
mod sign_in;
mod sweep;
mod upgrade;
mod validate;
mod withdrawal;

pub use live::{of_plugin, of_tenant};
pub use needed::needed;
pub use purges::Purges;
pub use reconcile::reconcile;
pub use sign_in::SignIns;
pub use upgrade::{Access, access, awaited, before, kept, still_asked, was_taken_back};
pub use validate::{References, Valid, allowed, validate};

use plexica_crds::{
    PluginInstall,
    dependency::{Catalogue, Choice},
};

use crate::problem::Problem;

/// What came of one step: those after a failed one are not tried.
type Step<T> = Result<T, Problem>;

/// Whether the install's spec leads to that version of its plugin, whoever goes there first and
/// whatever holds it back: `catalogue` is one in which no plugin needs another.
pub fn leads_to(install: &PluginInstall, catalogue: &Catalogue, version: &str) -> bool {
    let chosen = resolve::choice(install, catalogue, &[]);
    install.metadata.deletion_timestamp.is_none()
        && chosen.is_ok_and(|Choice { release, held: _ }| release.version.to_string() == version)
}
