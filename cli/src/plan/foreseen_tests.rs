use super::*;
use crate::fixture::{install, plugin, state};
use plexica_crds::label::DRY_RUN;
use serde_json::json;

fn before() -> State {
    let plugins = vec![plugin("files 1.0.0", json!({})), plugin("crm 1.0.0", json!({}))];
    state(&["acme"], plugins, vec![install("acme", "crm", "*", Some("1.0.0"))])
}

/// What the files hold: plugins and installs.
fn with(before: &State, plugins: Vec<Value>, installs: Vec<Value>) -> Wanted {
    let new = state(&[], plugins, installs);
    let mut wanted = Wanted { after: before.clone(), named: Vec::new() };
    let said = |value: Value| json!({ "spec": value["spec"] });
    for one in new.plugins {
        let earlier = wanted.after.plugins.iter().find(|other| other.name_any() == one.name_any()).cloned();
        wanted.named.push(Named {
            kind: "Plugin".into(),
            namespace: None,
            name: one.name_any(),
            before: earlier.map(|one| said(serde_json::to_value(&*one).unwrap())),
            after: Ok(said(serde_json::to_value(&*one).unwrap())),
        });
        wanted.after.plugins.retain(|other| other.name_any() != one.name_any());
        wanted.after.plugins.push(one);
    }
    for mut one in new.installs {
        let earlier = wanted.after.installs.iter().find(|other| same(other, &one)).cloned();
        if let Some(earlier) = &earlier {
            Arc::make_mut(&mut one).status.clone_from(&earlier.status);
        }
        wanted.named.push(Named {
            kind: "PluginInstall".into(),
            namespace: one.namespace(),
            name: one.name_any(),
            before: earlier.map(|one| said(serde_json::to_value(&*one).unwrap())),
            after: Ok(said(serde_json::to_value(&*one).unwrap())),
        });
        wanted.after.installs.retain(|other| !same(other, &one));
        wanted.after.installs.push(one);
    }
    wanted
}

/// A line for each effect.
fn told(plugins: Vec<Value>, installs: Vec<Value>) -> Vec<String> {
    let before = before();
    let changes = changes(&before, &with(&before, plugins, installs), "plexica-system");
    let mut lines = Vec::new();
    for change in changes {
        lines.push(format!("{} {}", change.action.sign(), change.resource));
        for (word, what) in change.effects() {
            lines.extend(what.iter().map(|one| format!("{word} {one}")));
        }
    }
    lines
}

#[test]
fn nothing_changes() {
    assert_eq!(told(vec![], vec![install("acme", "crm", "*", None)]), ["= plugininstall/tenant-acme/crm"]);
    assert_eq!(told(vec![plugin("crm 1.0.0", json!({}))], vec![]), ["= plugin/crm-1.0.0"]);
}

#[test]
fn a_new_install_comes_with_all_that_it_takes() {
    assert_eq!(
        told(vec![], vec![install("acme", "files", "^1", None)]),
        [
            "+ plugininstall/tenant-acme/files",
            "creates schema and role tenant_acme_plugin_files",
            "creates workload files 1.0.0",
            "migrates files: nothing → 1.0.0",
            "grants files:things:read",
            "data its own schema tenant_acme_plugin_files alone",
            "routes /api/plugins/files",
        ]
    );
}

#[test]
fn a_new_version_reaches_installs_that_are_not_in_the_files() {
    let more = json!({ "permissions": [{ "key": "crm:deals:read", "name": "Read" }] });
    assert_eq!(
        told(vec![plugin("crm 1.1.0", more)], vec![]),
        [
            "+ plugin/crm-1.1.0",
            "creates crm 1.1.0 in the catalogue",
            "~ plugininstall/tenant-acme/crm",
            "creates workload crm 1.1.0",
            "migrates crm: 1.0.0 → 1.1.0",
            "asks for permission crm:deals:read",
            "data its own schema tenant_acme_plugin_crm alone, as before",
            "routes /api/plugins/crm to 1.1.0",
            "loses permission crm:things:read",
        ]
    );
    // One that would lack something is not taken, so nothing happens to the install.
    let needs = json!({ "requires": [{ "plugin": "files", "version": "^1" }] });
    let held = told(vec![plugin("crm 1.1.0", needs.clone())], vec![]);
    assert_eq!(held, ["+ plugin/crm-1.1.0", "creates crm 1.1.0 in the catalogue"]);
    // Together with what it needs, it is.
    let both = told(vec![plugin("crm 1.1.0", needs)], vec![install("acme", "files", "^1", None)]);
    assert!(both.contains(&"migrates crm: 1.0.0 → 1.1.0".to_owned()), "{both:?}");
}

#[test]
fn what_cannot_be_is_said_with_what_it_needs() {
    let needs = json!({ "requires": [{ "plugin": "files", "version": "^1" }] });
    let refused = told(vec![plugin("mail 1.0.0", needs)], vec![install("acme", "mail", "*", None)]);
    assert_eq!(refused[2], "! plugininstall/tenant-acme/mail", "{refused:?}");
    assert_eq!(refused[3], "needs files 1.0.0 (plexica install --with-dependencies adds it)");
    let mut strange = install("acme", "crm", "*", None);
    strange["spec"]["config"] = json!({ "colour": "red" });
    let refused = told(vec![], vec![strange]);
    assert_eq!(refused[0], "! plugininstall/tenant-acme/crm");
    assert!(refused.iter().any(|line| line.contains("takes no configuration")), "{refused:?}");
}

#[test]
fn a_dry_run_of_an_entry_is_not_made_and_the_plan_says_so() {
    let before = before();
    let mut wanted = with(&before, vec![plugin("crm 1.1.0", json!({}))], vec![]);
    let notes = |wanted: &Wanted| changes(&before, wanted, "plexica-system")[0].notes.clone();
    assert_eq!(notes(&wanted), [""; 0]);
    let entry = wanted.after.plugins.last_mut().unwrap();
    Arc::make_mut(entry).annotations_mut().insert(DRY_RUN.into(), "true".into());
    let [note] = notes(&wanted).try_into().unwrap();
    assert!(note.starts_with("no dry run is made of a Plugin"), "{note}");
}

#[test]
fn what_is_taken_away_is_lost() {
    let mut disabled = install("acme", "crm", "*", None);
    disabled["spec"]["enabled"] = json!(false);
    let lost = told(vec![], vec![disabled]);
    assert_eq!(
        lost,
        ["~ plugininstall/tenant-acme/crm", "loses route /api/plugins/crm; the data stays", "sets spec.enabled",]
    );
    let changed = told(vec![plugin("crm 1.0.0", json!({ "runtime": { "image": "crm:2" } }))], vec![]);
    assert_eq!(changed, ["~ plugin/crm-1.0.0", "restarts crm 1.0.0 of 1 install(s)", "sets spec.runtime"]);
}

#[test]
fn another_configuration_may_be_a_restart() {
    for (reload, restarts) in [
        ("Live", None),
        ("Ask", Some("restarts crm 1.0.0 if it asks for that to take its configuration")),
        ("Restart", Some("restarts crm 1.0.0 with another configuration")),
    ] {
        let configuration = json!({ "schema": { "type": "object" }, "reload": reload });
        let mut serving = install("acme", "crm", "*", Some("1.0.0"));
        serving["status"]["configuration"] = json!({ "value": {}, "version": "1.0.0" });
        let catalogue = vec![plugin("crm 1.0.0", json!({ "configuration": configuration }))];
        let before = state(&["acme"], catalogue, vec![serving]);
        let mut other = install("acme", "crm", "*", None);
        other["spec"]["config"] = json!({ "colour": "red" });
        let changes = changes(&before, &with(&before, vec![], vec![other]), "plexica-system");
        assert_eq!(changes.len(), 1);
        assert_eq!(
            changes[0].restarted,
            restarts.map(|text| text.trim_start_matches("restarts ").to_owned()).into_iter().collect::<Vec<_>>()
        );
    }
}

#[test]
fn an_upgrade_says_by_what_it_migrates_and_what_it_asks_for() {
    let mut serving = install("acme", "crm", "*", Some("1.0.0"));
    serving["status"]["permissions"] = json!(["crm:deals:read"]);
    let permission = |key: &str| json!({ "key": key, "name": key });
    let old = plugin("crm 1.0.0", json!({ "permissions": [permission("crm:deals:read")] }));
    let new = json!({
        "permissions": [permission("crm:deals:read"), permission("crm:moon:read")],
        "events": { "subscribes": ["core.user.deleted"] },
        "migrations": [{ "name": "1_moon.sql" }],
    });
    let before = state(&["acme"], vec![old], vec![serving]);
    let changes = changes(&before, &with(&before, vec![plugin("crm 1.1.0", new)], vec![]), "plexica-system");
    let of_install = changes.iter().find(|change| change.resource.starts_with("plugininstall")).unwrap();
    assert_eq!(of_install.migrated, ["crm: 1.0.0 → 1.1.0", "by 1_moon.sql"]);
    assert_eq!(of_install.asked, ["permission crm:moon:read", "event core.user.deleted"]);
    assert_eq!(of_install.data, ["its own schema tenant_acme_plugin_crm alone, as before"]);
    assert!(of_install.granted.is_empty() && of_install.lost.is_empty(), "{of_install:?}");
    // Of a version whose entry is gone nobody knows what it could use.
    let mut unknown = before.clone();
    unknown.plugins.clear();
    let new = plugin("crm 1.1.0", json!({}));
    let changes = self::changes(&unknown, &with(&unknown, vec![new], vec![]), "plexica-system");
    let of_gone = changes.iter().find(|change| change.resource.starts_with("plugininstall")).unwrap();
    assert_eq!(of_gone.data, ["its own schema tenant_acme_plugin_crm alone"]);
}

#[test]
fn what_an_entry_asks_for_later_waits_for_consent_too() {
    let (read, moon) = ("crm:deals:read", "crm:moon:read");
    let permission = |key: &str| json!({ "key": key, "name": key });
    let entry = |keys: &[&str]| {
        let keys: Vec<Value> = keys.iter().copied().map(permission).collect();
        plugin("crm 1.0.0", json!({ "permissions": keys }))
    };
    for (awaited, expected) in [(json!([]), vec!["permission crm:moon:read"]), (json!([moon]), vec![])] {
        let mut serving = install("acme", "crm", "*", Some("1.0.0"));
        serving["status"]["permissions"] = json!([read]);
        serving["status"]["asked"] = json!({ "permissions": [read] });
        serving["status"]["awaitingConsent"] = awaited;
        let before = state(&["acme"], vec![entry(&[read])], vec![serving]);
        let changes = changes(&before, &with(&before, vec![entry(&[read, moon])], vec![]), "plexica-system");
        let of_install = changes.iter().find(|change| change.resource.starts_with("plugininstall"));
        assert_eq!(of_install.map_or(&[][..], |change| change.asked.as_slice()), expected);
    }
}

#[test]
fn another_isolation_and_new_credentials_start_workloads() {
    let mut dedicated = install("acme", "crm", "*", None);
    dedicated["spec"]["isolation"] = json!("Dedicated");
    let moved = told(vec![], vec![dedicated]);
    let words = "restarts for the tenant, in a workload of its own instead of the one that is shared";
    assert!(moved.iter().any(|line| line == words), "{moved:?}");

    let rotated = |kind: &str, before: Value, after: Value| {
        let mut change = Change::of("it".into(), Kind::Change);
        of_workload(&mut change, kind, &json!({ "annotations": before }), &json!({ "annotations": after }));
        [change.restarted, change.notes].concat()
    };
    let (asked, plugin) = (json!({ ROTATE: "a" }), ["with new credentials, for all tenants that share it"]);
    assert_eq!(rotated("Plugin", json!({}), asked.clone()), plugin);
    assert_eq!(rotated("Plugin", asked.clone(), json!({ ROTATE: "b" })), plugin);
    assert_eq!(rotated("Plugin", asked.clone(), asked.clone()), [""; 0]);
    assert_eq!(rotated("Plugin", asked.clone(), json!({})), [""; 0]);
    assert_eq!(rotated("Tenant", json!({}), asked), ["its credentials are replaced"]);
}
