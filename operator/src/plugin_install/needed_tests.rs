use std::sync::Arc;

use super::*;
use crate::fixture;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use plexica_crds::{Plugin, plugin_install::RouteStatus};
use serde_json::json;

fn serving(id: &str, version: &str) -> PluginInstall {
    let mut install = fixture::install("tenant-acme", id, "acme", id);
    let status = install.status.get_or_insert_default();
    status.version = Some(version.into());
    status.migrated_version = Some(version.into());
    status.route = Some(RouteStatus { path: "/".into(), upstream: "http://x".into(), isolation: None, since: None });
    install
}

fn leaving(mut install: PluginInstall) -> PluginInstall {
    install.metadata.deletion_timestamp = Some(Time(Timestamp::UNIX_EPOCH));
    install
}

fn disabled(mut install: PluginInstall) -> PluginInstall {
    install.spec.enabled = false;
    install
}

fn unrouted(mut install: PluginInstall) -> PluginInstall {
    install.status.get_or_insert_default().route = None;
    install
}

fn entry(id: &str, needs: &str) -> Arc<Plugin> {
    let mut plugin = fixture::plugin(id, "1.0.0");
    if !needs.is_empty() {
        let optional = needs.starts_with('?');
        let plugin_needed = needs.trim_start_matches('?');
        plugin.spec.requires =
            serde_json::from_value(json!([{ "plugin": plugin_needed, "version": "^1", "optional": optional }]))
                .unwrap();
    }
    Arc::new(plugin)
}

#[test]
fn what_others_need_stays_until_they_go() {
    let files = || serving("files", "1.0.0");
    let crm = || serving("crm", "1.0.0");
    let mut elsewhere = crm();
    elsewhere.metadata.namespace = Some("tenant-beta".into());
    // (what is to go or to be disabled, what crm needs, other installs, whether it waits)
    let cases = vec![
        (files(), "files", vec![crm()], false),
        (leaving(files()), "files", vec![crm()], true),
        (disabled(files()), "files", vec![crm()], true),
        (leaving(files()), "?files", vec![crm()], false),
        (disabled(files()), "?files", vec![crm()], false),
        (leaving(files()), "", vec![crm()], false),
        (leaving(files()), "files", vec![], false),
        (leaving(files()), "files", vec![disabled(crm())], false),
        (disabled(files()), "files", vec![disabled(crm())], false),
        // The one that needs it goes first.
        (leaving(files()), "files", vec![leaving(crm())], true),
        // What does not serve is missed by nobody.
        (leaving(unrouted(files())), "files", vec![crm()], false),
        (disabled(unrouted(files())), "files", vec![crm()], false),
        // One that was never there, or never may be.
        (leaving(files()), "files", vec![fixture::install("tenant-acme", "crm", "acme", "crm")], false),
        (leaving(files()), "files", vec![elsewhere], false),
    ];
    for (index, (install, needs, siblings, waits)) in cases.into_iter().enumerate() {
        let references = References {
            tenant: Some(Arc::new(fixture::tenant("acme"))),
            catalogue: vec![entry("files", ""), entry("crm", needs)],
            siblings: siblings.into_iter().map(Arc::new).collect(),
        };
        let problem = needed(&install, &references, &fixture::settings());
        assert_eq!(problem.is_some(), waits, "case {index}: {problem:?}");
        if let Some(problem) = problem {
            assert!(problem.message.contains("crm 1.0.0 (tenant-acme/crm) → files ^1"), "{problem}");
        }
        // All of a tenant that goes may go.
        let mut tenant = fixture::tenant("acme");
        tenant.metadata.deletion_timestamp = Some(Time(Timestamp::UNIX_EPOCH));
        let references = References { tenant: Some(Arc::new(tenant)), ..references };
        assert_eq!(needed(&install, &references, &fixture::settings()), None);
        assert_eq!(needed(&install, &References { tenant: None, ..references }, &fixture::settings()), None);
    }
}

/// Nothing of a suspended tenant answers, and all of it is to come back: another that provides the same, too.
#[test]
fn of_two_that_provide_what_a_suspended_tenant_needs_one_may_go() {
    let provides = |id: &str| {
        let mut plugin = fixture::plugin(id, "1.0.0");
        plugin.spec.provides = serde_json::from_value(json!([{ "interface": "search", "version": "1.0.0" }])).unwrap();
        Arc::new(plugin)
    };
    let mut crm = fixture::plugin("crm", "1.0.0");
    crm.spec.requires = serde_json::from_value(json!([{ "interface": "search", "version": "^1" }])).unwrap();
    let mut tenant = fixture::tenant("acme");
    tenant.spec.suspend = true;
    let crm_install = || Arc::new(unrouted(serving("crm", "1.0.0")));
    let mut references = References {
        tenant: Some(Arc::new(tenant)),
        catalogue: vec![provides("index"), provides("engine"), Arc::new(crm)],
        siblings: vec![crm_install(), Arc::new(unrouted(serving("engine", "1.0.0")))],
    };
    let index = leaving(unrouted(serving("index", "1.0.0")));
    assert_eq!(needed(&index, &references, &fixture::settings()), None);
    references.siblings = vec![crm_install()];
    assert!(needed(&index, &references, &fixture::settings()).is_some(), "there is no other");
}

#[test]
fn of_some_that_need_each_other_and_all_go_none_waits() {
    let all = ["a", "b", "c"].map(|id| leaving(serving(id, "1.0.0")));
    let catalogue = vec![entry("a", "b"), entry("b", "c"), entry("c", "a")];
    for install in &all {
        let others = all.iter().filter(|other| other.name_any() != install.name_any());
        let references = References {
            tenant: Some(Arc::new(fixture::tenant("acme"))),
            catalogue: catalogue.clone(),
            siblings: others.cloned().map(Arc::new).collect(),
        };
        assert_eq!(needed(install, &references, &fixture::settings()), None);
        // One that stays is needed by one that stays.
        let mut staying = references.clone();
        staying.siblings.iter_mut().for_each(|one| Arc::make_mut(one).metadata.deletion_timestamp = None);
        assert!(needed(install, &staying, &fixture::settings()).is_some());
    }
}

#[test]
fn a_suspended_tenants_installs_need_each_other_as_before() {
    let mut tenant = fixture::tenant("acme");
    tenant.spec.suspend = true;
    let references = References {
        tenant: Some(Arc::new(tenant)),
        catalogue: vec![entry("files", ""), entry("crm", "files")],
        siblings: vec![Arc::new(unrouted(serving("crm", "1.0.0")))],
    };
    let files = leaving(unrouted(serving("files", "1.0.0")));
    assert!(needed(&files, &references, &fixture::settings()).is_some());
}

#[test]
fn what_is_told_is_the_same_the_next_time() {
    let problem = Problem::new(Reason::InUse, "crm needs it.");
    let mut install = leaving(serving("files", "1.0.0"));
    let ready = |at: i64| {
        let now = Timestamp::from_second(at).unwrap();
        let mut conditions = Conditions::new(&[], Some(1), now);
        conditions.set_true(ConditionType::Ready, Reason::Provisioned, "");
        conditions.set_true(ConditionType::Routed, Reason::Provisioned, "");
        (PluginInstallStatus { conditions: conditions.finish(), ..PluginInstallStatus::default() }, now)
    };
    let (next, now) = ready(1);
    let first = told(&install, next, &problem, now);
    let said: Vec<_> = first.conditions.iter().map(|one| (one.type_.as_str(), one.status.as_str())).collect();
    assert_eq!(said, [("Ready", "False"), ("Reconciling", "True"), ("Routed", "True")]);
    assert_eq!(first.phase, Some(Phase::Terminating));
    install.status = Some(first.clone());
    let (mut next, now) = ready(9);
    next.conditions[1].clone_from(&first.conditions[2]);
    assert_eq!(told(&install, next, &problem, now), first);
}
