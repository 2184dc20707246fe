use super::*;
use crate::fixture;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use plexica_crds::plugin_install::{RouteStatus, UpgradePhase};

const SUSPENDED: &str = "idle";
const NOW: i64 = 100;

fn catalogue() -> ([Arc<Plugin>; 2], Catalogue) {
    let entries = ["1.0.0", "2.0.0"].map(|version| Arc::new(fixture::plugin("crm", version)));
    let catalogue = Catalogue::of(entries.iter().map(AsRef::as_ref));
    (entries, catalogue)
}

#[test]
fn it_rests_when_it_says_so_of_its_spec_of_now() {
    let at = |generation, route: Option<&str>, status: &str, reason: Reason| {
        let mut install = fixture::install("tenant-acme", "crm", "acme", "crm");
        let path = "/".into();
        install.status = Some(PluginInstallStatus {
            observed_generation: generation,
            route: route.map(|upstream| RouteStatus { path, upstream: upstream.into(), isolation: None, since: None }),
            conditions: vec![Condition {
                type_: "Ready".into(),
                status: status.into(),
                reason: reason.as_str().into(),
                message: String::new(),
                last_transition_time: Time(Timestamp::UNIX_EPOCH),
                observed_generation: generation,
            }],
            ..PluginInstallStatus::default()
        });
        install.metadata.generation = Some(2);
        rests(&install)
    };
    assert!(at(Some(2), None, "True", Reason::Disabled) && at(Some(2), None, "True", Reason::Suspended));
    assert!(!at(Some(1), None, "True", Reason::Disabled), "of an earlier spec");
    assert!(!at(Some(2), Some("http://x"), "True", Reason::Disabled));
    assert!(!at(Some(2), None, "True", Reason::Provisioned), "its route was withdrawn, and no more");
    assert!(!at(Some(2), None, "False", Reason::BackendUnavailable));
    assert!(!rests(&fixture::install("tenant-acme", "crm", "acme", "crm")));
}

#[test]
fn who_moves_is_served_by_the_shared_workload_until_it_has_moved() {
    let own = fixture::install("tenant-acme", "crm", "acme", "crm");
    let valid = fixture::valid(&own, fixture::plugin("crm", "1.0.0"));
    let leads = |isolation, phase, upstream: &str| {
        let mut other = fixture::install("tenant-beta", "crm", "beta", "crm");
        other.spec.isolation = isolation;
        other.status = Some(PluginInstallStatus {
            phase: Some(phase),
            observed_generation: Some(1),
            version: Some("1.0.0".into()),
            route: Some(RouteStatus { path: "/".into(), upstream: upstream.into(), isolation: None, since: None }),
            ..PluginInstallStatus::default()
        });
        all_of_these_lead_to(&[Arc::new(other)], &valid, &"http://here:8080".parse().unwrap())
    };
    assert!(leads(Isolation::Shared, Phase::Ready, "http://here:8080"));
    assert!(!leads(Isolation::Shared, Phase::Ready, "http://there:8080"));
    assert!(!leads(Isolation::Dedicated, Phase::Installing, "http://there:8080"), "the shared one serves it still");
    assert!(leads(Isolation::Dedicated, Phase::Ready, "http://there:8080"), "it has its own");
}

fn places(installs: &[PluginInstall], leaving: Option<&str>) -> Vec<(String, String)> {
    let (entries, catalogue) = catalogue();
    let suspended = |tenant: &str| tenant == SUSPENDED;
    let installs: Vec<Arc<PluginInstall>> = installs.iter().cloned().map(Arc::new).collect();
    needed(
        &tenants(&installs),
        (&entries, &catalogue),
        &"crm".parse().unwrap(),
        leaving,
        &suspended,
        &fixture::settings(),
        Timestamp::from_second(NOW).unwrap(),
    )
    .into_iter()
    .map(|Place { namespace, name }| (namespace, name))
    .collect()
}

fn serving(mut install: PluginInstall, version: &str) -> PluginInstall {
    let status = install.status.get_or_insert_default();
    status.version = Some(version.into());
    status.migrated_version = Some(version.into());
    status.observed_generation = install.metadata.generation;
    status.phase = Some(Phase::Ready);
    status.route = Some(RouteStatus { path: "/".into(), upstream: "http://x".into(), isolation: None, since: None });
    install
}

/// Others need it, or nobody looks at it: its route leads where it has led.
#[test]
fn what_is_routed_runs_whatever_is_to_become_of_it() {
    for (is, serves) in [(Isolation::Shared, Isolation::Dedicated), (Isolation::Dedicated, Isolation::Shared)] {
        let mut leaving = serving(fixture::install("tenant-acme", "crm", "acme", "crm"), "1.0.0");
        leaving.spec.isolation = is;
        leaving.metadata.deletion_timestamp = Some(Time(Timestamp::UNIX_EPOCH));
        leaving.metadata.finalizers = Some(vec![plexica_crds::label::FINALIZER.into()]);
        let there = match serves {
            Isolation::Shared => "plexica-system",
            Isolation::Dedicated => "tenant-acme",
        };
        let there = (there.to_owned(), "plugin-crm-1-0-0".to_owned());
        let route = leaving.status.as_mut().unwrap().route.as_mut().unwrap();
        route.isolation = Some(serves);
        assert!(places(std::slice::from_ref(&leaving), None).contains(&there), "{is:?}");
        leaving.status.as_mut().unwrap().route = None;
        assert!(!places(&[leaving], None).contains(&there), "{is:?}: it is withdrawn");
    }
}

#[test]
fn where_one_that_leaves_may_have_had_a_workload() {
    let (entries, catalogue) = catalogue();
    let (settings, slug) = (fixture::settings(), "acme".parse().unwrap());
    let one = fixture::install("tenant-acme", "crm", "acme", "crm");
    let names = |install: &PluginInstall, settings: &Settings| -> Vec<String> {
        let places = owned(install, &Tenants::new(), (&entries, &catalogue), &namespaces(&slug, settings), settings);
        places.into_iter().map(|Place { namespace, name }| format!("{namespace}/{name}")).collect()
    };
    let [platform, own] = ["plexica-system", "tenant-acme"];
    let two = |version: &str| [platform, own].map(|namespace| format!("{namespace}/plugin-crm-{version}"));
    assert_eq!(names(&one, &settings), two("2-0-0"));
    let both = [platform, own].map(|namespace| ["1-0-0", "2-0-0"].map(|v| format!("{namespace}/plugin-crm-{v}")));
    assert_eq!(names(&serving(one.clone(), "1.0.0"), &settings), both.concat());
    let mut unknown = serving(one.clone(), "1.0.0");
    unknown.spec.plugin.version = "^9".into();
    assert_eq!(names(&unknown, &settings), two("1-0-0"));
    let not_there = Settings { dedicated: false, ..settings };
    assert_eq!(names(&one, &not_there), two("2-0-0")[..1], "tenants' namespaces are never looked into");
}

#[test]
fn what_served_before_until_gateways_have_heard() {
    use UpgradePhase::{Complete, RolledBack};
    let place = |namespace: &str, name: &str| (namespace.to_owned(), name.to_owned());
    let shared = ["1-0-0", "2-0-0"].map(|version| place("plexica-system", &format!("plugin-crm-{version}")));
    let at = |second| Time(Timestamp::from_second(second).unwrap());
    let one = |version: &str, since| {
        let mut install = serving(fixture::install("tenant-acme", "crm", "acme", "crm"), version);
        install.spec.plugin.version = format!("={version}");
        let status = install.status.as_mut().unwrap();
        status.route.as_mut().unwrap().since = Some(at(since));
        install
    };
    let upgraded = |phase, version, since| {
        let mut install = one(version, since);
        install.status.as_mut().unwrap().upgrade = Some(fixture::upgrade(phase, since));
        install
    };
    let places = |install: PluginInstall| super::tests::places(&[install], None);
    for (phase, serves, other) in [(RolledBack, "1.0.0", 0), (Complete, "2.0.0", 1)] {
        assert_eq!(places(upgraded(phase, serves, NOW - 2))[..2], shared, "{phase:?}");
        let then = places(upgraded(phase, serves, NOW - 3));
        assert!(then.contains(&shared[other]) && !then.contains(&shared[1 - other]), "{phase:?}");
    }
    let moved = |since| {
        let mut install = one("2.0.0", since);
        install.spec.isolation = Isolation::Dedicated;
        places(install)
    };
    let own = place("tenant-acme", "plugin-crm-2-0-0");
    assert_eq!(moved(NOW), [shared[1].clone(), own.clone()]);
    assert_eq!(moved(NOW - 3), std::slice::from_ref(&own));
    // With another version at once.
    let mut both = upgraded(Complete, "2.0.0", NOW);
    both.spec.isolation = Isolation::Dedicated;
    let places = places(both);
    assert!(places.contains(&shared[0]) && places.contains(&own));
}

#[test]
fn what_serves_and_what_is_about_to() {
    let place = |namespace: &str, name: &str| (namespace.to_owned(), name.to_owned());
    let places = |install: PluginInstall, leaving: Option<&str>| super::tests::places(&[install], leaving);
    let one = fixture::install("tenant-acme", "crm", "acme", "crm");
    let newest = place("plexica-system", "plugin-crm-2-0-0");
    let old = place("plexica-system", "plugin-crm-1-0-0");
    assert_eq!(places(one.clone(), None), vec![newest.clone()]);
    assert_eq!(places(serving(one.clone(), "1.0.0"), None), [old.clone(), newest.clone()]);
    assert_eq!(places(serving(one.clone(), "2.0.0"), None), vec![newest.clone()]);
    assert_eq!(places(serving(one.clone(), "1.0.0"), Some("uid-tenant-acme-crm")), []);

    let mut dedicated = one.clone();
    dedicated.spec.isolation = Isolation::Dedicated;
    assert_eq!(places(dedicated, None), [place("tenant-acme", "plugin-crm-2-0-0")]);

    let mut moving = serving(one.clone(), "2.0.0");
    moving.spec.isolation = Isolation::Dedicated;
    let both = [newest.clone(), place("tenant-acme", "plugin-crm-2-0-0")];
    for phase in [Phase::Installing, Phase::Degraded, Phase::Stalled] {
        moving.status.as_mut().unwrap().phase = Some(phase);
        assert_eq!(places(moving.clone(), None), both);
    }
    moving.status.as_mut().unwrap().phase = Some(Phase::Ready);
    moving.status.as_mut().unwrap().observed_generation = Some(0);
    assert_eq!(places(moving, None), both);

    let mut disabled = one.clone();
    disabled.spec.enabled = false;
    assert_eq!(places(disabled.clone(), None), []);
    assert_eq!(places(serving(disabled, "1.0.0"), None), vec![old.clone()]);

    let idle = fixture::install("tenant-idle", "crm", SUSPENDED, "crm");
    assert_eq!(places(idle.clone(), None), [], "its tenant is suspended");
    assert_eq!(places(serving(idle, "1.0.0"), None), vec![old.clone()], "until its route is withdrawn");

    let mut leaving = serving(one, "1.0.0");
    leaving.metadata.deletion_timestamp = leaving.metadata.creation_timestamp.clone();
    leaving.metadata.finalizers = Some(vec![plexica_crds::label::FINALIZER.into()]);
    leaving.status.as_mut().unwrap().route = None;
    assert_eq!(places(leaving.clone(), None), [old]);
    leaving.metadata.finalizers = None;
    assert_eq!(places(leaving, None), [], "it has left, and waits for somebody else");
}

#[test]
fn nobody_elses_look_ends_what_is_still_to_be_told_to_stop() {
    let condition = |kind: ConditionType, reason: Reason| Condition {
        type_: kind.as_str().into(),
        status: "False".into(),
        reason: reason.as_str().into(),
        message: String::new(),
        last_transition_time: Time(Timestamp::UNIX_EPOCH),
        observed_generation: Some(1),
    };
    let old = [("plexica-system".to_owned(), "plugin-crm-1-0-0".to_owned())];
    for (ready, needs) in [
        (Reason::Progressing, true),
        (Reason::Suspended, false),
        (Reason::BackendUnavailable, false),
        (Reason::PluginNotFound, false),
    ] {
        let mut install = fixture::install("tenant-idle", "crm", SUSPENDED, "crm");
        install.metadata.uid = Some("its-own".into());
        let routed = condition(ConditionType::Routed, Reason::Suspended);
        install.status = Some(PluginInstallStatus {
            version: Some("1.0.0".into()),
            conditions: vec![condition(ConditionType::Ready, ready), routed],
            ..PluginInstallStatus::default()
        });
        assert_eq!(places(&[install.clone()], None), if needs { &old[..] } else { &[] }, "{ready:?}");
        assert_eq!(places(&[install], Some("its-own")), [], "it has told the plugin, or cannot");
    }
}
