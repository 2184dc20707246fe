//! What is being done about a resource, by the status that is about to be written.

use plexica_crds::{
    OperationKind, PluginInstall, PluginInstallStatus, Tenant, TenantStatus,
    plugin_install::{self, UpgradePhase},
    tenant,
};
use semver::VersionReq;

use super::Doing;

/// What is being done about a tenant, or was done.
pub fn of_tenant(tenant: &Tenant, next: &TenantStatus) -> Doing {
    if tenant.metadata.deletion_timestamp.is_some() {
        return Doing::Now(OperationKind::Delete);
    }
    let was_ready = tenant.status.as_ref().is_some_and(|last| last.ready_at.is_some());
    match next.phase {
        Some(tenant::Phase::Paused) => Doing::Nothing,
        Some(tenant::Phase::Ready) if !was_ready => Doing::Done(OperationKind::Provision),
        Some(tenant::Phase::Ready) => Doing::Done(OperationKind::Update),
        Some(tenant::Phase::Suspended) => Doing::Done(OperationKind::Suspend),
        _ if tenant.spec.suspend => Doing::Now(OperationKind::Suspend),
        // It never was what it should be.
        _ if next.ready_at.is_none() => Doing::Now(OperationKind::Provision),
        _ => Doing::Now(OperationKind::Update),
    }
}

/// What is being done about an install, or was done.
pub fn of_install(install: &PluginInstall, next: &PluginInstallStatus) -> Doing {
    if install.metadata.deletion_timestamp.is_some() {
        return Doing::Now(OperationKind::Delete);
    }
    let rests = [plugin_install::Phase::Paused, plugin_install::Phase::Disabled, plugin_install::Phase::Suspended];
    let serves = [plugin_install::Phase::Ready, plugin_install::Phase::Stalled];
    let last = install.status.as_ref().and_then(|last| last.upgrade.as_ref());
    let was_back = last.is_some_and(|upgrade| upgrade.phase == UpgradePhase::RolledBack);
    match next.upgrade.as_ref().map(|upgrade| upgrade.phase) {
        _ if next.phase.is_some_and(|phase| rests.contains(&phase)) => {}
        // Nothing has moved yet: nobody wants the other version any more.
        Some(UpgradePhase::Expanding) if goes_back(install, next) => {}
        // So it is at the first look already, if something is in the way of that.
        Some(UpgradePhase::Baking) if goes_back(install, next) && install.spec.enabled => {
            return Doing::Now(OperationKind::Rollback);
        }
        Some(UpgradePhase::Expanding | UpgradePhase::Baking | UpgradePhase::Contracting) if install.spec.enabled => {
            return Doing::Now(OperationKind::Upgrade);
        }
        Some(UpgradePhase::RollingBack) => return Doing::Now(OperationKind::Rollback),
        // Going back is done, though what it went back from may still be asked for.
        Some(UpgradePhase::RolledBack) if !was_back && next.phase.is_some_and(|phase| serves.contains(&phase)) => {
            return Doing::Done(OperationKind::Rollback);
        }
        Some(UpgradePhase::RolledBack) if next.phase == Some(plugin_install::Phase::Stalled) => {
            return Doing::Done(OperationKind::Update);
        }
        _ => {}
    }
    let served = install.status.as_ref().is_some_and(|last| last.version.is_some());
    match next.phase {
        Some(plugin_install::Phase::Paused) => Doing::Nothing,
        Some(plugin_install::Phase::Ready) if !served => Doing::Done(OperationKind::Install),
        Some(plugin_install::Phase::Ready) => Doing::Done(OperationKind::Update),
        Some(plugin_install::Phase::Disabled) => Doing::Done(OperationKind::Disable),
        Some(plugin_install::Phase::Suspended) => Doing::Done(OperationKind::Suspend),
        _ if !install.spec.enabled => Doing::Now(OperationKind::Disable),
        _ if next.version.is_none() => Doing::Now(OperationKind::Install),
        _ => Doing::Now(OperationKind::Update),
    }
}

/// Whether the spec asks for the version before again, and no longer for the one that is under way.
fn goes_back(install: &PluginInstall, next: &PluginInstallStatus) -> bool {
    let Some(upgrade) = &next.upgrade else { return false };
    let Ok(asked) = install.spec.plugin.version.parse::<VersionReq>() else { return false };
    let admits = |version: &str| version.parse().is_ok_and(|version| asked.matches(&version));
    admits(&upgrade.from) && !admits(&upgrade.to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
    use serde_json::json;

    #[test]
    fn what_is_being_done_about_a_tenant() {
        let mut tenant = fixture::tenant("acme");
        let status = |value| serde_json::from_value::<TenantStatus>(value).unwrap();
        let at = "2026-01-01T00:00:00Z";
        for (next, expected) in [
            (json!({ "phase": "Provisioning" }), Doing::Now(OperationKind::Provision)),
            (json!({ "phase": "Degraded", "readyAt": at }), Doing::Now(OperationKind::Update)),
            (json!({ "phase": "Ready", "readyAt": at }), Doing::Done(OperationKind::Provision)),
            (json!({ "phase": "Paused" }), Doing::Nothing),
        ] {
            assert_eq!(of_tenant(&tenant, &status(next.clone())), expected, "{next}");
        }
        tenant.status = Some(status(json!({ "readyAt": at })));
        let ready = status(json!({ "phase": "Ready", "readyAt": at }));
        assert_eq!(of_tenant(&tenant, &ready), Doing::Done(OperationKind::Update));
        tenant.spec.suspend = true;
        let degraded = status(json!({ "phase": "Degraded", "readyAt": at }));
        assert_eq!(of_tenant(&tenant, &degraded), Doing::Now(OperationKind::Suspend));
        tenant.metadata.deletion_timestamp = Some(Time(jiff::Timestamp::UNIX_EPOCH));
        assert_eq!(of_tenant(&tenant, &degraded), Doing::Now(OperationKind::Delete));
    }

    #[test]
    fn who_asks_for_the_version_before_goes_back_whatever_is_in_the_way() {
        let mut install = fixture::install("plexica-system", "it", "acme", "crm");
        for (asked, phase, expected) in [
            ("1.0.0", "Baking", OperationKind::Rollback),
            ("1.0.0", "Expanding", OperationKind::Update),
            ("1.0.0", "Contracting", OperationKind::Upgrade),
            ("*", "Baking", OperationKind::Upgrade),
            ("2.0.0", "Expanding", OperationKind::Upgrade),
            ("3.0.0", "Baking", OperationKind::Upgrade),
            ("odd", "Baking", OperationKind::Upgrade),
        ] {
            install.spec.plugin.version = asked.into();
            let upgrade = json!({ "from": "1.0.0", "to": "2.0.0", "phase": phase, "since": "2026-01-01T00:00:00Z" });
            let next = json!({ "phase": "Degraded", "version": "2.0.0", "upgrade": upgrade });
            let next = serde_json::from_value(next).unwrap();
            assert_eq!(of_install(&install, &next), Doing::Now(expected), "{asked} {phase}");
        }
    }

    #[test]
    fn what_is_being_done_about_an_install() {
        let mut install = fixture::install("plexica-system", "it", "acme", "crm");
        let status = |value| serde_json::from_value::<PluginInstallStatus>(value).unwrap();
        let upgrade =
            |phase| json!({ "from": "1.0.0", "to": "2.0.0", "phase": phase, "since": "2026-01-01T00:00:00Z" });
        for (next, expected) in [
            (json!({ "phase": "Installing" }), Doing::Now(OperationKind::Install)),
            (json!({ "phase": "Degraded", "version": "1.0.0" }), Doing::Now(OperationKind::Update)),
            (json!({ "phase": "Ready", "version": "1.0.0" }), Doing::Done(OperationKind::Install)),
            (
                json!({ "phase": "Degraded", "version": "1.0.0", "upgrade": upgrade("Expanding") }),
                Doing::Now(OperationKind::Upgrade),
            ),
            (
                json!({ "phase": "Ready", "version": "2.0.0", "upgrade": upgrade("Baking") }),
                Doing::Now(OperationKind::Upgrade),
            ),
            (
                json!({ "phase": "Ready", "version": "2.0.0", "upgrade": upgrade("Complete") }),
                Doing::Done(OperationKind::Install),
            ),
            (
                json!({ "phase": "Ready", "version": "2.0.0", "upgrade": upgrade("RollingBack") }),
                Doing::Now(OperationKind::Rollback),
            ),
        ] {
            assert_eq!(of_install(&install, &status(next.clone())), expected, "{next}");
        }
        let stalled = status(json!({ "phase": "Stalled", "version": "1.0.0", "upgrade": upgrade("RolledBack") }));
        assert_eq!(of_install(&install, &stalled), Doing::Done(OperationKind::Rollback));
        let back = status(json!({ "phase": "Ready", "version": "1.0.0", "upgrade": upgrade("RolledBack") }));
        assert_eq!(of_install(&install, &back), Doing::Done(OperationKind::Rollback));
        // It is told once; what is done after that is another matter.
        install.status = Some(back.clone());
        for next in [&back, &stalled] {
            assert_eq!(of_install(&install, next), Doing::Done(OperationKind::Update));
        }
        install.status = None;
        let suspended = status(json!({ "phase": "Suspended", "version": "2.0.0", "upgrade": upgrade("Baking") }));
        assert_eq!(of_install(&install, &suspended), Doing::Done(OperationKind::Suspend));
        install.spec.enabled = false;
        let stops = status(json!({ "phase": "Degraded", "version": "1.0.0" }));
        assert_eq!(of_install(&install, &stops), Doing::Now(OperationKind::Disable));
    }
}
