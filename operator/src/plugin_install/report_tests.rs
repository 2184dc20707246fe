use super::*;
use crate::fixture;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

fn valid(install: &PluginInstall) -> Valid {
    fixture::valid(install, fixture::plugin("crm", "1.4.0"))
}

fn first() -> CredentialStatus {
    CredentialStatus { generation: 1, rotated_at: None, previous_until: None }
}

fn good() -> Served {
    Served {
        database: Ok(DatabaseStatus { schema: "tenant_acme_plugin_crm".into(), role: "tenant_acme_plugin_crm".into() }),
        workload: Ok("http://127.0.0.1:4000".parse().unwrap()),
        migrated: Ok("1.4.0".parse().unwrap()),
        registered: Ok(()),
        configured: Ok(Configured::Taken),
        restart: Some(0),
        begun: false,
        credentials: Ok(first()),
        drift: Drift::default(),
        left: None,
    }
}

/// The steps in order, the first failed one with a reason of each sort, those after it waiting.
fn failures() -> Vec<(Served, usize, Reason)> {
    let reasons = [Reason::WorkloadNotReady, Reason::BackendUnavailable, Reason::MigrationFailed, Reason::Conflict];
    let waiting = || Problem::new(Reason::Pending, "waits.");
    let mut all = Vec::new();
    for reason in reasons {
        for step in 0..4 {
            let problem = Problem::new(reason, "why.");
            let mut served = good();
            match step {
                0 => served.database = Err(problem.clone()),
                1 => served.workload = Err(problem.clone()),
                2 => served.migrated = Err(problem.clone()),
                _ => served.registered = Err(problem.clone()),
            }
            if step < 1 {
                served.workload = Err(waiting());
            }
            if step < 2 {
                served.migrated = Err(waiting());
            }
            if step < 3 {
                served.registered = Err(waiting());
            }
            all.push((served, step, reason));
        }
    }
    all
}

fn find<'a>(status: &'a PluginInstallStatus, kind: &str) -> Option<&'a Condition> {
    status.conditions.iter().find(|condition| condition.type_ == kind)
}

#[test]
fn a_good_one_serves_and_stays_as_it_is() {
    let mut install = fixture::install("tenant-acme", "crm", "acme", "crm");
    let applied = Applied::Served(Box::new(good()));
    let written = |install: &PluginInstall, applied: &Applied, now| {
        let mut status = report(install, &valid(install), applied, now);
        date_route(install, &mut status, now);
        status
    };
    let status = written(&install, &applied, Timestamp::UNIX_EPOCH);
    assert_eq!(status.phase, Some(Phase::Ready));
    assert_eq!(status.version.as_deref(), Some("1.4.0"));
    let since = Some(Time(Timestamp::UNIX_EPOCH));
    assert_eq!(
        status.route,
        Some(RouteStatus {
            path: "/api/plugins/crm".into(),
            upstream: "http://127.0.0.1:4000".into(),
            isolation: Some(plexica_crds::plugin_install::Isolation::Shared),
            since
        })
    );
    assert_eq!(status.permissions, ["crm:things:read", "crm:things:write"]);
    let kinds: Vec<_> = status.conditions.iter().map(|c| (c.type_.as_str(), c.status.as_str())).collect();
    let mut all = ["Ready", "Drifted", "Resolved", "WorkloadReady", "Migrated", "Routed", "Configured"]
        .map(|kind| (kind, "True"));
    all[1].1 = "False";
    assert_eq!(kinds, all);
    install.status = Some(status.clone());
    let kept = Applied::Served(Box::new(Served { configured: Ok(Configured::Kept), ..good() }));
    assert_eq!(written(&install, &kept, Timestamp::MAX), status);
    install.status.as_mut().unwrap().route.as_mut().unwrap().upstream = "http://old".into();
    let moved = written(&install, &kept, Timestamp::MAX);
    assert_eq!(moved.route.unwrap().since, Some(Time(Timestamp::MAX)));
}

#[test]
fn the_first_failed_step_is_told_and_nothing_new_is_routed() {
    for (served, step, reason) in failures() {
        let install = fixture::install("tenant-acme", "crm", "acme", "crm");
        let applied = Applied::Served(Box::new(served));
        let status = report(&install, &valid(&install), &applied, Timestamp::UNIX_EPOCH);
        let ready = &status.conditions[0];
        assert_eq!((ready.status.as_str(), ready.reason.as_str()), ("False", reason.as_str()), "{applied:?}");
        assert!(ready.message.starts_with(["database:", "workload:", "plugin:", "permissions:"][step]));
        let phase = match reason {
            Reason::WorkloadNotReady => Phase::Installing,
            Reason::Conflict => Phase::Stalled,
            _ => Phase::Degraded,
        };
        assert_eq!(status.phase, Some(phase));
        assert_eq!((status.route, status.version), (None, None));
        assert!(status.permissions.is_empty());
        assert_eq!(status.migrated_version.is_some(), step == 3, "migrations that ran are not forgotten");
    }
}

#[test]
fn what_serves_goes_on_while_the_next_version_fails() {
    for (served, _, _) in failures() {
        let mut install = fixture::install("tenant-acme", "crm", "acme", "crm");
        let route = RouteStatus {
            path: "/api/plugins/crm".into(),
            upstream: "http://old".into(),
            isolation: None,
            since: None,
        };
        let status = install.status.get_or_insert_default();
        status.version = Some("1.3.0".into());
        status.migrated_version = Some("1.3.0".into());
        status.permissions = vec!["crm:things:read".into(), "crm:things:gone".into()];
        status.route = Some(route.clone());
        let applied = Applied::Served(Box::new(served));
        let of = |install: &PluginInstall| report(install, &valid(install), &applied, Timestamp::UNIX_EPOCH);
        let status = of(&install);
        assert_eq!(status.route, Some(route));
        assert_eq!(status.version.as_deref(), Some("1.3.0"));
        assert_eq!(find(&status, "Routed").unwrap().status, "True");
        let both = ["crm:things:read", "crm:things:gone"];
        assert_eq!(status.permissions, both, "the next one does without one that is in force still");
        install.spec.granted_permissions = Some(vec![both[0].into()]);
        assert_eq!(of(&install).permissions, both[..1], "what somebody takes back is gone at once");
        install.spec.granted_permissions = None;
        install.status.as_mut().unwrap().version = Some(valid(&install).manifest.version.to_string());
        assert_eq!(of(&install).permissions, both[..1], "and what the version itself has no more");
    }
}

#[test]
fn a_disabled_one_keeps_its_data_and_no_route() {
    let mut install = fixture::install("tenant-acme", "crm", "acme", "crm");
    install.status =
        Some(report(&install, &valid(&install), &Applied::Served(Box::new(good())), Timestamp::UNIX_EPOCH));
    install.spec.enabled = false;
    let valid = valid(&install);
    let unrouted = unrouted(&install, false, Timestamp::UNIX_EPOCH);
    assert_eq!((unrouted.route.as_ref(), find(&unrouted, "Ready").unwrap().status.as_str()), (None, "False"));
    for (told, phase) in
        [(Ok(()), Phase::Disabled), (Err(Problem::new(Reason::MigrationFailed, "why.")), Phase::Degraded)]
    {
        let status = report(
            &install,
            &valid,
            &Applied::Disabled(Disabled { ended: told, credentials: Ok(first()), left: None }),
            Timestamp::UNIX_EPOCH,
        );
        assert_eq!((status.phase, status.route.as_ref()), (Some(phase), None));
        assert_eq!(status.migrated_version.as_deref(), Some("1.4.0"));
        assert!(status.database.is_some());
        assert_eq!(find(&status, "Routed").unwrap().reason, "Disabled");
    }
}

#[test]
fn one_of_a_suspended_tenant_says_so_and_not_that_it_is_disabled() {
    let mut install = fixture::install("tenant-acme", "crm", "acme", "crm");
    install.status =
        Some(report(&install, &valid(&install), &Applied::Served(Box::new(good())), Timestamp::UNIX_EPOCH));
    let valid = Valid { enabled: false, suspended: true, ..valid(&install) };
    let applied = Applied::Disabled(Disabled { ended: Ok(()), credentials: Ok(first()), left: None });
    let status = report(&install, &valid, &applied, Timestamp::UNIX_EPOCH);
    assert_eq!((status.phase, status.route.as_ref()), (Some(Phase::Suspended), None));
    assert_eq!((status.version.as_deref(), status.migrated_version.as_deref()), (Some("1.4.0"), Some("1.4.0")));
    for kind in ["Ready", "Routed"] {
        assert_eq!(find(&status, kind).unwrap().reason, "Suspended", "{kind}");
    }
}

#[test]
fn one_that_cannot_be_goes_on_as_it_was_unless_another_is_in_force() {
    let mut install = fixture::install("tenant-acme", "crm", "acme", "crm");
    let serving = report(&install, &valid(&install), &Applied::Served(Box::new(good())), Timestamp::UNIX_EPOCH);
    for reason in Reason::ALL {
        for last in [None, Some(serving.clone())] {
            install.status = last.clone();
            let status = invalid(&install, &Problem::new(*reason, "why."), false, Timestamp::UNIX_EPOCH);
            let last = last.unwrap_or_default();
            let duplicate = *reason == Reason::DuplicateInstall;
            assert_eq!(status.version, last.version);
            if duplicate {
                assert_eq!((&status.route, status.permissions.len()), (&None, 0));
                assert_eq!(find(&status, "Routed").unwrap().reason, "DuplicateInstall");
            } else {
                assert_eq!((&status.route, &status.permissions), (&last.route, &last.permissions), "{reason}");
                assert_eq!(find(&status, "Routed").is_some(), last.route.is_some());
            }
            assert_eq!(find(&status, "Ready").unwrap().reason, reason.as_str());
            assert_eq!(find(&status, "Stalled").is_some(), status.phase == Some(Phase::Stalled));
        }
    }
}

#[test]
fn what_the_spec_takes_away_is_gone_although_the_rest_of_it_cannot_be() {
    let mut install = fixture::install("tenant-acme", "crm", "acme", "crm");
    install.status =
        Some(report(&install, &valid(&install), &Applied::Served(Box::new(good())), Timestamp::UNIX_EPOCH));
    for reason in [Reason::InvalidConfig, Reason::PluginNotFound, Reason::TenantNotReady, Reason::PermissionNotDeclared]
    {
        let problem = Problem::new(reason, "why.");
        let mut revoked = install.clone();
        revoked.spec.granted_permissions = Some(vec!["crm:things:read".into(), "crm:things:destroy".into()]);
        let status = invalid(&revoked, &problem, false, Timestamp::UNIX_EPOCH);
        assert_eq!(status.permissions, ["crm:things:read"]);
        assert!(status.route.is_some(), "what is left of it serves");

        let mut disabled = install.clone();
        disabled.spec.enabled = false;
        let suspended = invalid(&install, &problem, true, Timestamp::UNIX_EPOCH);
        assert_eq!(
            (suspended.route.as_ref(), find(&suspended, "Routed").unwrap().reason.as_str()),
            (None, "Suspended")
        );
        let status = invalid(&disabled, &problem, false, Timestamp::UNIX_EPOCH);
        assert_eq!(status.route, None);
        let routed = find(&status, "Routed").unwrap();
        assert_eq!((routed.status.as_str(), routed.reason.as_str()), ("False", "Disabled"));
        assert_eq!(find(&status, "Ready").unwrap().reason, reason.as_str());
        assert_eq!(status.migrated_version.as_deref(), Some("1.4.0"));
    }
}

#[test]
fn one_that_goes_has_no_route_and_says_what_holds_it() {
    let mut install = fixture::install("tenant-acme", "crm", "acme", "crm");
    install.status =
        Some(report(&install, &valid(&install), &Applied::Served(Box::new(good())), Timestamp::UNIX_EPOCH));
    for (holding, reason) in [
        (None, "Deleting"),
        (Some(Problem::new(Reason::WorkloadNotReady, "starts.")), "Deleting"),
        (Some(Problem::new(Reason::BackendUnavailable, "no answer.")), "BackendUnavailable"),
    ] {
        let departure = Departure { holding, parts: Vec::new() };
        let status = leaving(&install, &departure, Timestamp::UNIX_EPOCH);
        assert_eq!((status.phase, status.route.as_ref()), (Some(Phase::Terminating), None));
        assert_eq!(status.conditions[0].reason, reason);
        assert!(status.permissions.is_empty());
    }
}

#[test]
fn what_runs_no_more_was_brought_to_nothing() {
    let mut install = fixture::install("tenant-acme", "crm", "acme", "crm");
    let applied = ["database", "workload", "permissions"].map(|part| (part.to_owned(), "1".to_owned())).into();
    let served = Served { drift: Drift { applied, ..Drift::default() }, ..good() };
    let status = report(&install, &valid(&install), &Applied::Served(Box::new(served)), Timestamp::UNIX_EPOCH);
    assert_eq!(status.applied.len(), 3);
    assert!(status.conditions.iter().any(|condition| condition.type_ == "Drifted" && condition.status == "False"));
    install.status = Some(status);
    let kept = |status: PluginInstallStatus| status.applied.into_keys().collect::<Vec<_>>();
    let problem = Problem::new(Reason::InvalidConfig, "no.");
    assert_eq!(kept(invalid(&install, &problem, false, Timestamp::MAX)).len(), 3, "it serves on");
    assert_eq!(kept(invalid(&install, &problem, true, Timestamp::MAX)), ["database", "permissions"]);
    assert_eq!(kept(unrouted(&install, true, Timestamp::MAX)), ["database", "permissions"]);
    assert_eq!(kept(paused(&install, Timestamp::MAX)).len(), 3);
}

#[test]
fn a_route_is_as_old_as_it_is_written() {
    let at = |second| Some(Time(Timestamp::from_second(second).unwrap()));
    let mut install = fixture::install("tenant-acme", "crm", "acme", "crm");
    let route = |upstream: &str, since| {
        Some(RouteStatus { path: "/".into(), upstream: upstream.into(), isolation: None, since })
    };
    let dated = |install: &PluginInstall, upstream, since| {
        let route = route(upstream, since);
        let mut next = PluginInstallStatus { route, ..PluginInstallStatus::default() };
        date_route(install, &mut next, Timestamp::from_second(9).unwrap());
        next.route.unwrap().since
    };
    assert_eq!(dated(&install, "http://x", at(5)), at(9));
    install.status.get_or_insert_default().route = route("http://x", at(5));
    assert_eq!((dated(&install, "http://x", at(5)), dated(&install, "http://y", at(5))), (at(5), at(9)));
    install.status.as_mut().unwrap().route = route("http://x", None);
    assert_eq!(dated(&install, "http://x", None), None, "of before it was written down");
}

#[test]
fn a_configuration_that_is_refused_is_no_unknown_drift() {
    let install = fixture::install("tenant-acme", "crm", "acme", "crm");
    let refused = Served { configured: Err(Problem::new(Reason::ConfigRefused, "no.")), ..good() };
    let unseen = Served { database: Err(Problem::new(Reason::BackendUnavailable, "away.")), ..good() };
    for (served, drifted) in [(refused, "False"), (unseen, "Unknown")] {
        let status = report(&install, &valid(&install), &Applied::Served(Box::new(served)), Timestamp::UNIX_EPOCH);
        let condition = status.conditions.iter().find(|condition| condition.type_ == "Drifted").unwrap();
        assert_eq!(condition.status, drifted);
    }
}
