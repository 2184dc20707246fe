//! Plugins: the catalogue. Nothing is provisioned for an entry; it is checked, and kept while an
//! install uses it.

mod reconcile;
mod report;
pub mod rollout;
mod validate;

pub use reconcile::reconcile;
pub use report::unheeded;
pub use validate::{validate, validator};

use std::sync::Arc;

use jiff::Timestamp;
use plexica_crds::{Plugin, PluginInstall, PluginSpec};

use crate::plugin_install::{kept, still_asked};

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

/// Whether gateways may still ask this version for the install, which has just moved.
pub fn is_asked(install: &PluginInstall, plugin: &PluginSpec, now: Timestamp) -> bool {
    install.spec.plugin.id == plugin.id && still_asked(install, now).any(|version| *version == plugin.version)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
    use plexica_crds::plugin_install::{RouteStatus, UpgradePhase};

    #[test]
    fn what_was_left_a_moment_ago_is_asked_still() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut install = fixture::install("tenant-acme", "crm", "acme", "crm");
        let status = install.status.get_or_insert_default();
        status.version = Some("1.0.0".into());
        status.migrated_version = Some("1.0.0".into());
        status.route = Some(RouteStatus {
            path: "/".into(),
            upstream: "http://x".into(),
            isolation: None,
            since: Some(Time(at(100))),
        });
        status.upgrade = Some(fixture::upgrade(UpgradePhase::RolledBack, 100));
        let [new, other] =
            [("crm", "2.0.0"), ("files", "2.0.0")].map(|(id, version)| fixture::plugin(id, version).spec);
        assert!(!uses(&install, &new));
        assert!(is_asked(&install, &new, at(102)) && !is_asked(&install, &new, at(103)));
        assert!(!is_asked(&install, &other, at(102)));
    }
}
