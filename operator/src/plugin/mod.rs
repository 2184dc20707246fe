//! Plugins: the catalogue. Nothing is provisioned for an entry; it is checked, and kept while an
//! install uses it.

mod reconcile;
mod report;
pub mod rollout;
mod validate;

pub use reconcile::reconcile;
pub use validate::{validate, validator};

use std::sync::Arc;

use plexica_crds::{Plugin, PluginInstall, PluginSpec};

use crate::plugin_install::kept;

/// The entry of a version.
pub fn entry<'a>(entries: &'a [Arc<Plugin>], id: &str, version: &str) -> Option<&'a Plugin> {
    entries.iter().map(AsRef::as_ref).find(|entry: &&Plugin| entry.spec.id == id && entry.spec.version == version)
}

/// Whether the install runs, or last ran, this version, or may have to go back to it.
pub fn uses(install: &PluginInstall, plugin: &PluginSpec) -> bool {
    let at = |version: &Option<String>| version.as_ref() == Some(&plugin.version);
    install.spec.plugin.id == plugin.id
        && (kept(install) == Some(&plugin.version)
            || install.status.as_ref().is_some_and(|status| at(&status.version) || at(&status.migrated_version)))
}
