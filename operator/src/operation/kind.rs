//! What is being done about a resource, by the status that is about to be written.

use plexica_crds::{
    OperationKind, PluginInstall, PluginInstallStatus, Tenant, TenantStatus,
    plugin_install::{self, UpgradePhase},
    tenant,
};
use semver::VersionReq;

use super::Doing;
use crate::plugin_install::before;

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
    match next.upgrade.as_ref().map(|upgrade| upgrade.phase) {
        _ if next.phase.is_some_and(|phase| rests.contains(&phase)) => {}
        // Nothing has moved yet: nobody wants the other version any more.
        Some(UpgradePhase::Expanding) if goes_back(install, next) => {}
        // So it is at the first look already, if something is in the way of that.
        Some(UpgradePhase::Baking | UpgradePhase::Complete) if goes_back(install, next) && install.spec.enabled => {
            return Doing::Now(OperationKind::Rollback);
        }
        Some(UpgradePhase::Expanding | UpgradePhase::Baking | UpgradePhase::Contracting) if install.spec.enabled => {
            return Doing::Now(OperationKind::Upgrade);
        }
        Some(UpgradePhase::RollingBack) => return Doing::Now(OperationKind::Rollback),
        // Going back is done, though what it went back from may still be asked for.
        Some(UpgradePhase::RolledBack) if is_back_now(install) => {
            let serves = next.phase.is_some_and(|phase| serves.contains(&phase));
            let (done, now) = (Doing::Done(OperationKind::Rollback), Doing::Now(OperationKind::Rollback));
            return if serves { done } else { now };
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

/// Whether the spec asks for the version before again, which can still serve, and no longer for the one after it.
fn goes_back(install: &PluginInstall, next: &PluginInstallStatus) -> bool {
    let Some(upgrade) = &next.upgrade else { return false };
    let Ok(asked) = install.spec.plugin.version.parse::<VersionReq>() else { return false };
    let (Ok(from), Ok(to)) = (upgrade.from.parse(), upgrade.to.parse()) else { return false };
    let contracted = upgrade.phase == UpgradePhase::Complete && before(next).is_none();
    asked.matches(&from) && !asked.matches(&to) && !contracted
}

/// Whether the version before serves again since this look, or what began at an earlier one has not ended.
fn is_back_now(install: &PluginInstall) -> bool {
    let Some(last) = &install.status else { return true };
    let was_back = last.upgrade.as_ref().is_some_and(|upgrade| upgrade.phase == UpgradePhase::RolledBack);
    let goes_on = last.operation.as_ref().is_some_and(|last| {
        last.kind == OperationKind::Rollback && last.phase.goes_on() && last.generation == install.metadata.generation
    });
    !was_back || goes_on
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
            ("1.0.0", "Complete", OperationKind::Rollback),
            ("*", "Complete", OperationKind::Update),
        ] {
            install.spec.plugin.version = asked.into();
            let upgrade = json!({ "from": "1.0.0", "to": "2.0.0", "phase": phase, "since": "2026-01-01T00:00:00Z" });
            let next = json!({ "phase": "Degraded", "version": "2.0.0", "oldestVersion": "1.0.0", "upgrade": upgrade });
            let next = serde_json::from_value(next).unwrap();
            assert_eq!(of_install(&install, &next), Doing::Now(expected), "{asked} {phase}");
        }
    }

    #[test]
    fn going_back_ends_when_the_version_before_serves_and_nobody_goes_back_where_that_cannot_serve() {
        let mut install = fixture::install("plexica-system", "it", "acme", "crm");
        install.metadata.generation = Some(2);
        install.spec.plugin.version = "1.0.0".into();
        let status = |value| serde_json::from_value::<PluginInstallStatus>(value).unwrap();
        let upgrade =
            |phase| json!({ "from": "1.0.0", "to": "2.0.0", "phase": phase, "since": "2026-01-01T00:00:00Z" });
        let back = |phase| json!({ "phase": phase, "version": "1.0.0", "upgrade": upgrade("RolledBack") });
        // Something else is in the way at the look at which it serves again.
        assert_eq!(of_install(&install, &status(back("Degraded"))), Doing::Now(OperationKind::Rollback));
        let mut last = back("Degraded");
        last["operation"] = json!({ "id": "1", "kind": "Rollback", "generation": 2, "phase": "Running", "retries": 0,
            "startedAt": "2026-01-01T00:00:00Z", "progress": "0/1", "steps": [] });
        install.status = Some(status(last.clone()));
        assert_eq!(of_install(&install, &status(back("Degraded"))), Doing::Now(OperationKind::Rollback));
        assert_eq!(of_install(&install, &status(back("Ready"))), Doing::Done(OperationKind::Rollback));
        last["operation"]["phase"] = json!("Succeeded");
        install.status = Some(status(last));
        assert_eq!(of_install(&install, &status(back("Degraded"))), Doing::Now(OperationKind::Update));

        let contracted =
            json!({ "phase": "Stalled", "version": "2.0.0", "oldestVersion": "2.0.0", "upgrade": upgrade("Complete") });
        assert_eq!(of_install(&install, &status(contracted)), Doing::Now(OperationKind::Update));
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
