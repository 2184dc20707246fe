use super::*;
use crate::{
    fixture,
    foresee::beside,
    plugin_install::{References, validate},
};
use plexica_backends::Changes;
use plexica_crds::{
    Reason,
    plugin_install::{DatabaseStatus, RouteStatus},
};
use serde_json::json;
use std::sync::Arc;

fn references() -> References {
    let mut second = fixture::plugin("crm", "2.0.0");
    second.spec.migrations = serde_json::from_value(json!([
        { "name": "1_a.sql" }, { "name": "2_b.sql" }, { "name": "3_c.contract.sql", "phase": "Contract" },
    ]))
    .unwrap();
    second.spec.events = Some(serde_json::from_value(json!({ "subscribes": ["core.user.deleted"] })).unwrap());
    second.spec.permissions.push(serde_json::from_value(json!({ "key": "crm:new:read", "name": "N" })).unwrap());
    let mut first = fixture::plugin("crm", "1.0.0");
    first.spec.migrations = serde_json::from_value(json!([{ "name": "1_a.sql" }])).unwrap();
    References {
        tenant: Some(Arc::new(fixture::tenant("acme"))),
        catalogue: vec![Arc::new(first), Arc::new(second)],
        siblings: Vec::new(),
    }
}

fn rehearse(install: &PluginInstall, references: &References, ahead: &Ahead) -> PluginInstallStatus {
    let told = match validate(install, references, &fixture::settings()) {
        _ if install.metadata.deletion_timestamp.is_some() => removed(install, None),
        Ok(valid) => done(install, &beside(install, &valid, references), ahead),
        Err(problem) => refused(&problem),
    };
    status(install, &told, Timestamp::UNIX_EPOCH)
}

fn told(install: &PluginInstall) -> String {
    told_with(install, &Ahead::default())
}

fn told_with(install: &PluginInstall, ahead: &Ahead) -> String {
    let status = rehearse(install, &references(), ahead);
    let condition = status.conditions.iter().find(|condition| condition.type_ == "DryRun").unwrap();
    condition.message.split_once("is there; ").unwrap().1.to_owned()
}

fn serving() -> PluginInstall {
    let mut install = fixture::install("tenant-acme", "crm", "acme", "crm");
    let status = install.status.get_or_insert_default();
    status.version = Some("1.0.0".into());
    status.migrated_version = Some("1.0.0".into());
    status.permissions = vec!["crm:things:read".into(), "crm:things:write".into()];
    status.route = Some(RouteStatus {
        path: "/api/plugins/crm".into(),
        upstream: "http://x".into(),
        isolation: None,
        since: None,
    });
    status.database = Some(DatabaseStatus { schema: "s".into(), role: "s".into() });
    install
}

#[test]
fn what_would_be_done() {
    let new = fixture::install("tenant-acme", "crm", "acme", "crm");
    assert_eq!(
        told(&new),
        "it would install crm 2.0.0; migrate by 1_a.sql, 2_b.sql, 3_c.contract.sql; grant crm:things:read, \
         crm:things:write, crm:new:read; tell it of core.user.deleted; route /api/plugins/crm."
    );
    let mut install = serving();
    assert_eq!(
        told(&install),
        "it would bring crm from 1.0.0 to 2.0.0; migrate by 2_b.sql, 3_c.contract.sql (last; there is no way back \
         then); ask for consent to permission crm:new:read, event core.user.deleted."
    );
    install.spec.plugin.version = "=1.0.0".into();
    assert_eq!(told(&install), "there is nothing to do.");
    install.spec.granted_permissions = Some(vec!["crm:things:read".into()]);
    assert_eq!(told(&install), "it would take away crm:things:write.");
    install.spec.plugin.version = "^9".into();
    assert!(told(&install).starts_with("it would be refused (PluginNotFound): no plugin crm"), "{}", told(&install));
}

#[test]
fn how_another_configuration_would_come_into_force() {
    for (reload, words) in [
        ("Live", "put another configuration in force"),
        ("Ask", "ask crm about another configuration, for which it may be started again"),
        ("Restart", "put another configuration in force by starting crm again"),
    ] {
        let mut references = references();
        let first = Arc::make_mut(&mut references.catalogue[0]);
        let configuration = json!({ "schema": { "type": "object" }, "reload": reload });
        first.spec.configuration = Some(serde_json::from_value(configuration).unwrap());
        let mut install = serving();
        install.spec.plugin.version = "=1.0.0".into();
        let in_force = json!({ "value": { "at": 1 }, "version": "1.0.0" });
        install.status.get_or_insert_default().configuration = Some(serde_json::from_value(in_force).unwrap());
        for (at, told) in [(1, "there is nothing to do.".to_owned()), (2, format!("it would {words}."))] {
            install.spec.config = json!({ "at": at });
            let status = rehearse(&install, &references, &Ahead::default());
            let said = status.conditions.iter().find(|condition| condition.type_ == "DryRun").unwrap();
            assert!(said.message.ends_with(&told), "{said:?}");
        }
    }
}

#[test]
fn what_would_be_lost() {
    let mut install = serving();
    install.spec.enabled = false;
    assert_eq!(told(&install), "it would take /api/plugins/crm away and end its workload; the data stays.");
    install.metadata.deletion_timestamp = install.metadata.creation_timestamp.clone();
    assert_eq!(told(&install), "it would take /api/plugins/crm away; keep the schema s and mark it retained.");
    install.spec.deletion_policy = DeletionPolicy::Delete;
    assert!(told(&install).ends_with("remove the schema s with its data for good."));
}

#[test]
fn what_serves_stays_as_it_was() {
    let mut install = serving();
    let status = rehearse(&install, &references(), &Ahead::default());
    assert_eq!((&status.route, &status.version), (&install.status.clone().unwrap().route, &Some("1.0.0".into())));
    install.status = Some(status.clone());
    let again = rehearse(&install, &references(), &Ahead::default());
    assert_eq!(again, status, "nothing changed, so nothing is written");
}

#[test]
fn who_serves_by_what() {
    let would = |part, course, changes: &[&str]| {
        Some(Would { part, course, changes: changes.iter().copied().collect::<Changes>() })
    };
    let mut install = serving();
    install.spec.plugin.version = "=1.0.0".into();
    let started = would("workload", Course::Apply, &["started process crm-1-0-0"]);
    let again = Ahead { workload: started.clone(), ..Ahead::default() };
    assert_eq!(
        told_with(&install, &again),
        "it would start crm again for all tenants that share it (start process crm-1-0-0)."
    );
    let drifted = Ahead {
        database: would("database", Course::Report, &["granted role s to plugin_crm"]),
        permissions: would("permissions", Course::Repair, &["registered crm:things:read"]),
        ..Ahead::default()
    };
    assert_eq!(
        told_with(&install, &drifted),
        "it would leave the drift of database as driftPolicy Report says (a repair would grant role s to plugin_crm); \
         repair the drift of permissions (register crm:things:read)."
    );
    let rotated = Ahead {
        credentials: Some("replace what its workload signs in with by generation 2".into()),
        problems: vec![Problem::new(Reason::BackendUnavailable, "workload: no answer.")],
        ..Ahead::default()
    };
    assert_eq!(
        told_with(&install, &rotated),
        "it would replace what its workload signs in with by generation 2. In the way: workload: no answer."
    );
    install.spec.isolation = Isolation::Dedicated;
    let moves = Ahead { moves: true, workload: started, ..Ahead::default() };
    assert_eq!(
        told_with(&install, &moves),
        "it would serve acme by a workload of its own and not by the one that is shared; start process crm-1-0-0."
    );
    install.spec.isolation = Isolation::Shared;
    let back = Ahead { moves: true, ..Ahead::default() };
    assert_eq!(
        told_with(&install, &back),
        "it would serve acme by the workload that is shared and not by one of its own."
    );
}

#[test]
fn what_others_need_does_not_go() {
    let needed = Problem::new(Reason::RequirementNotMet, "shop needs it.");
    assert!(removed(&serving(), Some(&needed)).ends_with("mark it retained. In the way: shop needs it."));
}

#[test]
fn consent_lets_it_hear_more() {
    let mut install = serving();
    let status = install.status.get_or_insert_default();
    status.version = Some("2.0.0".into());
    status.migrated_version = Some("2.0.0".into());
    (status.awaiting_consent, status.awaiting_events) = (vec!["crm:new:read".into()], vec!["core.user.deleted".into()]);
    assert_eq!(told(&install), "there is nothing to do.");
    install.metadata.annotations.get_or_insert_default().insert("plexica.io/consent".into(), "2.0.0".into());
    assert_eq!(told(&install), "it would grant crm:new:read; tell it of core.user.deleted.");
}
