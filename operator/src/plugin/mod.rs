//! Plugins: the catalogue. Nothing is provisioned for an entry; it is checked, and kept while an
//! install uses it.

mod reconcile;
mod report;
pub mod rollout;
mod validate;

pub use reconcile::reconcile;
pub use validate::{validate, validator};

use plexica_crds::{PluginInstall, PluginSpec, plugin_install::UpgradePhase};

/// Whether the install runs, or last ran, this version, or may have to go back to it.
pub fn uses(install: &PluginInstall, plugin: &PluginSpec) -> bool {
    let at = |version: &Option<String>| version.as_ref() == Some(&plugin.version);
    install.spec.plugin.id == plugin.id
        && install.status.as_ref().is_some_and(|status| {
            let back = status.upgrade.as_ref().is_some_and(|upgrade| {
                matches!(upgrade.phase, UpgradePhase::Baking | UpgradePhase::RollingBack)
                    && upgrade.from == plugin.version
            });
            at(&status.version) || at(&status.migrated_version) || back
        })
}
