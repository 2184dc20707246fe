//! Plugins: the catalogue. Nothing is provisioned for an entry; it is checked, and kept while an
//! install uses it.

mod reconcile;
mod report;
mod validate;

pub use reconcile::reconcile;
pub use validate::{validate, validator};

use plexica_crds::{PluginInstall, PluginSpec};

/// Whether the install runs, or last ran, this version.
pub fn uses(install: &PluginInstall, plugin: &PluginSpec) -> bool {
    let at = |version: &Option<String>| version.as_ref() == Some(&plugin.version);
    install.spec.plugin.id == plugin.id
        && install.status.as_ref().is_some_and(|status| at(&status.version) || at(&status.migrated_version))
}
