//! From one version to another: expand beside the old one, move the requests, watch for a while,
//! contract. Whatever fails before that goes back by itself.
//!
//! | module | decides |
//! |---|---|
//! | [`target()`] | at which version an install is to be |
//! | [`advance`] | what follows from how a version does that serves now |
//! | [`record()`] | what stands in the status after a step |
//! | [`consent`] | which permissions of it are in force |
//! | [`access()`] | what of the tenant's data it may use |
//!
//! All pure; what was decided stands in `status.upgrade`, so that the next operator goes on with it.

mod access;
mod advance;
mod consent;
mod record;
mod target;

use std::time::Duration;

use jiff::Timestamp;

pub use access::{Access, access};
pub use advance::{Health, Subject, advance, look_again};
pub use consent::{Consent, asks_for, awaited, consent};
pub use record::{Served, record};
pub use target::{Held, Target, target};

use plexica_contract::name::PluginVersion;
use plexica_crds::{
    PluginInstall, PluginInstallStatus,
    plugin_install::{UpgradePhase, UpgradeStatus},
};

/// How long after a route moved what served before is still needed: gateways hear of it by a watch.
pub const SETTLED: Duration = Duration::from_secs(2);

/// Times in a status are cut to whole seconds.
const PRECISION: Duration = Duration::from_secs(1);

/// Until when what served before is still needed, if the route moved.
pub fn settles(install: &PluginInstall) -> Option<Timestamp> {
    let route = install.status.as_ref()?.route.as_ref()?;
    Some(route.since.as_ref()?.0 + PRECISION + SETTLED)
}

/// Whether gateways may still ask what served before.
pub fn is_settling(install: &PluginInstall, now: Timestamp) -> bool {
    settles(install).is_some_and(|at| now < at)
}

/// Versions that gateways may still ask, other than the one that serves: those of the last upgrade.
pub fn still_asked(install: &PluginInstall, now: Timestamp) -> impl Iterator<Item = &String> {
    let upgrade = of(install).filter(|_| is_settling(install, now));
    upgrade.into_iter().flat_map(|upgrade| [&upgrade.from, &upgrade.to])
}

/// The upgrade that the status tells of.
pub fn of(install: &PluginInstall) -> Option<&UpgradeStatus> {
    install.status.as_ref()?.upgrade.as_ref()
}

/// The version that is kept beside the one that serves, to go back to at once.
pub fn kept(install: &PluginInstall) -> Option<&str> {
    let upgrade = of(install)?;
    let kept = matches!(upgrade.phase, UpgradePhase::Baking | UpgradePhase::RollingBack);
    kept.then_some(upgrade.from.as_str())
}

/// The version that served before the one of the last upgrade, if no contract step has run since.
pub fn before(status: &PluginInstallStatus) -> Option<PluginVersion> {
    let oldest = status.oldest_version.as_deref()?.parse::<PluginVersion>().ok()?;
    status.upgrade.as_ref()?.from.parse().ok().filter(|from| *from >= oldest)
}

/// Whether what serves was unwell at the look before, too.
pub fn was_unwell(install: &PluginInstall) -> bool {
    of(install).is_some_and(|upgrade| upgrade.unhealthy_since.is_some())
}

/// Whether the version before is to serve again, which is decided and not done yet.
pub fn goes_back(install: &PluginInstall) -> bool {
    of(install).is_some_and(|upgrade| upgrade.phase == UpgradePhase::RollingBack)
}

/// The annotation by which a person asks for another try.
pub fn retry(install: &PluginInstall) -> Option<&String> {
    install.metadata.annotations.as_ref()?.get(plexica_crds::label::RETRY_UPGRADE)
}

/// Whether that version was taken back and nobody has asked for another try since.
pub fn was_taken_back(install: &PluginInstall, version: &str) -> bool {
    of(install).is_some_and(|upgrade| {
        matches!(upgrade.phase, UpgradePhase::RollingBack | UpgradePhase::RolledBack)
            && upgrade.to == version
            && upgrade.generation == install.metadata.generation
            && upgrade.retry.as_ref() == retry(install)
    })
}
