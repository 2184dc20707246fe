//! `plan`, `install`, `uninstall`, `enable`, `disable` and `configure` beside a running `plexica dev`.

use std::{path::Path, process::Output};

use crate::support::{Dev, start_dev, succeed};
use serde_json::{Value, json};

fn file(folder: &Path, name: &str, objects: &[Value]) -> String {
    let path = folder.join(name);
    let documents: Vec<String> = objects.iter().map(ToString::to_string).collect();
    std::fs::write(&path, documents.join("\n---\n")).unwrap();
    path.to_str().unwrap().to_owned()
}

fn resource(kind: &str, metadata: Value, spec: Value) -> Value {
    json!({ "apiVersion": "plexica.io/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec })
}

fn tenant(name: &str) -> Value {
    resource("Tenant", json!({ "name": name, "labels": { "tier": "gold" } }), json!({ "displayName": name }))
}

fn plugin(id: &str, version: &str, more: Value) -> Value {
    let mut spec =
        json!({ "id": id, "version": version, "displayName": id, "runtime": { "command": ["run-nowhere"] } });
    spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    resource("Plugin", json!({ "name": format!("{id}-{version}") }), spec)
}

fn parts(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// The row of a tenant, as words.
fn row<'a>(table: &'a str, tenant: &str) -> Vec<&'a str> {
    let found = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    found.into_iter().find(|words| words.first() == Some(&tenant)).unwrap_or_else(|| panic!("{tenant} in {table}"))
}

#[test]
fn plans_say_what_comes_and_many_tenants_are_served_at_once() {
    let home = tempfile::tempdir().unwrap();
    let dev = start_dev(&home.path().join("dev"));
    plans(&dev, home.path());
    bulk(&dev, home.path());
}

fn plans(dev: &Dev, home: &Path) {
    // A tenant and its install in one file: the namespace is not there yet.
    let install = |name: &str, spec: Value| {
        let mut spec = spec;
        spec["tenantRef"] = json!({ "name": name });
        resource("PluginInstall", json!({ "name": "crm", "namespace": format!("tenant-{name}") }), spec)
    };
    let both = [tenant("beta"), install("beta", json!({ "plugin": { "id": "crm" } }))];
    let path = file(home, "both.yaml", &both);
    let planned = dev.must(&["plan", "-f", &path]);
    for line in [
        "+ tenant/beta",
        "creates   schema and role tenant_beta",
        "creates   realm tenant-beta",
        "+ plugininstall/tenant-beta/crm",
        "creates    schema and role tenant_beta_plugin_crm",
        "grants     crm:contacts:read",
        "data       its own schema tenant_beta_plugin_crm alone\n",
        "routes     /api/plugins/crm",
        "Plan: 2 to create, 0 to change, 0 unchanged, 0 refused.",
    ] {
        assert!(planned.contains(line), "{line} in {planned}");
    }
    // It has changed nothing.
    assert!(!dev.run(&["get", "tenant", "beta"]).status.success());
    let detailed = parts(&dev.run(&["plan", "-f", &path, "--detailed-exitcode", "-o", "json"]));
    assert_eq!(detailed.0, Some(2), "{detailed:?}");
    let plan: Value = serde_json::from_str(&detailed.1).unwrap();
    assert_eq!(plan["changes"][1]["routed"], json!(["/api/plugins/crm"]), "{plan}");
    assert_eq!(plan["changes"][1]["action"], "create");

    dev.must(&["apply", "-f", &file(home, "tenant.yaml", &both[..1])]);
    dev.must(&["wait", "tenant/beta"]);
    dev.must(&["apply", "-f", &path]);
    dev.must(&["wait", "pi", "crm", "-n", "tenant-beta"]);
    let same = parts(&dev.run(&["plan", "-f", &path, "--detailed-exitcode"]));
    assert_eq!(same.0, Some(0), "{same:?}");
    assert!(same.1.contains("= plugininstall/tenant-beta/crm") && same.1.contains("2 unchanged"), "{}", same.1);

    // Another version comes to all that may have it.
    let next = plugin(
        "crm",
        "99.0.0",
        json!({
            "permissions": [{ "key": "crm:moon:read", "name": "Look" }],
            "events": { "subscribes": ["core.user.deleted"] },
            "migrations": [{ "name": "1_moon.sql" }],
        }),
    );
    let upgrade = dev.must(&["plan", "-f", &file(home, "next.yaml", &[next])]);
    for line in [
        "+ plugin/crm-99.0.0",
        "~ plugininstall/tenant-beta/crm",
        "→ 99.0.0",
        "by 1_moon.sql",
        "permission crm:moon:read",
        "event core.user.deleted",
        "its own schema tenant_beta_plugin_crm alone, as before",
        "permission crm:contacts:read",
    ] {
        assert!(upgrade.contains(line), "{line} in {upgrade}");
    }

    // What runs is started anew.
    let served: Value = serde_json::from_str(&dev.must(&["get", "plugin", "crm-0.1.0", "-o", "json"])).unwrap();
    let mut more = served["spec"].clone();
    more["runtime"]["resources"]["limits"]["memory"] = json!("65Mi");
    let more = file(home, "more.yaml", &[resource("Plugin", json!({ "name": "crm-0.1.0" }), more)]);
    let restarts = dev.must(&["plan", "-f", &more]);
    assert!(restarts.contains("~ plugin/crm-0.1.0") && restarts.contains("crm 0.1.0 of 2 install(s)"), "{restarts}");

    let off = install("beta", json!({ "plugin": { "id": "crm" }, "enabled": false }));
    let lost = dev.must(&["plan", "-f", &file(home, "off.yaml", &[off])]);
    assert!(lost.contains("loses   route /api/plugins/crm; the data stays"), "{lost}");
    let strange = install("beta", json!({ "plugin": { "id": "crm" }, "grantedPermissions": ["crm:moon:read"] }));
    let refused = parts(&dev.run(&["plan", "-f", &file(home, "strange.yaml", &[strange])]));
    assert_eq!(refused.0, Some(1), "{refused:?}");
    assert!(refused.1.contains("! plugininstall/tenant-beta/crm"), "{}", refused.1);
    assert!(refused.1.contains("crm:moon:read") && refused.2.contains("1 resource(s)"), "{refused:?}");
    // What the API server refuses is in the plan as well.
    let typo = resource("Tenant", json!({ "name": "gama" }), json!({ "displayname": "Gama" }));
    let refused = parts(&dev.run(&["plan", "-f", &file(home, "typo.yaml", &[typo])]));
    assert!(refused.0 == Some(1) && refused.1.contains("displayname"), "{refused:?}");
}

fn bulk(dev: &Dev, home: &Path) {
    dev.must(&["apply", "-f", &file(home, "gama.yaml", &[tenant("gama")])]);
    dev.must(&["wait", "tenant/gama"]);
    // One that is not there stops nobody; what is there already stays as it is.
    let tenants = ["--tenant", "beta", "--tenant", "gama", "--tenant", "nobody"];
    let dry = parts(&dev.run(&[&["install", "crm", "--dry-run"], &tenants[..4]].concat()));
    assert_eq!((dry.0, row(&dry.1, "gama")[1]), (Some(0), "Planned"), "{dry:?}");
    let installed = parts(&dev.run(&[&["install", "crm", "--wait"], &tenants[..]].concat()));
    assert_eq!(installed.0, Some(1), "{installed:?}");
    assert!(installed.2.contains("1 of 3 tenant(s) failed"), "{installed:?}");
    let words = |tenant: &str| row(&installed.1, tenant)[1].to_owned();
    assert_eq!(["beta", "gama", "nobody"].map(words), ["Unchanged", "Ready", "Failed"], "{}", installed.1);
    assert!(dev.must(&["get", "pi", "crm", "-n", "tenant-gama"]).contains("True"));
    // By labels; and nothing that a file said of an install is lost.
    let file_says = json!({ "tenantRef": { "name": "gama" }, "plugin": { "id": "crm" }, "deletionPolicy": "Delete" });
    let of_gama = resource("PluginInstall", json!({ "name": "crm", "namespace": "tenant-gama" }), file_says);
    dev.must(&["apply", "-f", &file(home, "gama-crm.yaml", &[of_gama])]);
    let again = dev.must(&["install", "crm@>=0.0.1", "--selector", "tier=gold", "-o", "json"]);
    let again: Value = serde_json::from_str(&again).unwrap();
    assert_eq!(again["tenants"].as_array().unwrap().len(), 2, "{again}");
    let policy = dev.must(&["get", "pi", "crm", "-n", "tenant-gama", "-o", "json"]);
    assert!(policy.contains("\"deletionPolicy\": \"Delete\"") && policy.contains(">=0.0.1"), "{policy}");

    // Dependencies: one plan, from what is needed to what needs it.
    let catalogue = [
        plugin("files", "1.2.0", json!({ "provides": [{ "interface": "blobs.v1", "version": "1.0.0" }] })),
        plugin("mail", "2.0.0", json!({ "requires": [{ "interface": "blobs.v1", "version": "^1" }] })),
        plugin("mail", "1.0.0", json!({ "yanked": { "reason": "it forgets" } })),
        plugin(
            "chat",
            "1.0.0",
            json!({ "requires": [{ "plugin": "mail", "version": "^2" }, { "plugin": "crm", "version": "*" }] }),
        ),
    ];
    dev.must(&["apply", "-f", &file(home, "catalogue.yaml", &catalogue)]);
    let alone = parts(&dev.run(&["install", "chat", "--tenant", "gama", "--dry-run"]));
    assert_eq!(alone.0, Some(1));
    assert!(alone.1.contains("chat 1.0.0 → mail ^2, which is not installed"), "{}", alone.1);
    let with = dev.must(&["install", "chat", "--tenant", "gama", "--dry-run", "--with-dependencies"]);
    let order = "files 1.2.0 (needed by mail 2.0.0); mail 2.0.0 (needed by chat 1.0.0); chat 1.0.0";
    assert!(with.contains(order), "{with}");
    let yanked = parts(&dev.run(&["install", "mail@=1.0.0", "--all-tenants", "--dry-run"]));
    assert_eq!(yanked.1.matches("mail 1.0.0 is yanked (it forgets)").count(), 3, "{}", yanked.1);
    dev.must(&["wait", "plugin/mail-1.0.0"]);
    let entries = dev.must(&["get", "plugins"]);
    assert!(entries.lines().any(|line| line.contains("mail-1.0.0") && line.contains("Yanked")), "{entries}");

    change(dev);
    // Away with it; the data goes where its policy says so.
    let policies = dev.must(&["uninstall", "crm", "--selector", "tier=gold", "--dry-run"]);
    assert!(row(&policies, "beta").ends_with(&["its", "data", "is", "kept"]), "{policies}");
    assert!(row(&policies, "gama").ends_with(&["its", "data", "is", "lost"]), "{policies}");
    let removed = dev.must(&["uninstall", "crm", "--selector", "tier=gold", "--wait"]);
    assert_eq!(["beta", "gama"].map(|tenant| row(&removed, tenant)[1].to_owned()), ["Deleted", "Deleted"]);
    let left = dev.must(&["get", "pi", "-A"]);
    assert!(!left.contains("tenant-gama") && left.contains("acme"), "{left}");
    succeed(&dev.run(&["uninstall", "crm", "--tenant", "beta"]), &["what is not there"]);
    let nobody = parts(&dev.run(&["install", "crm", "--selector", "tier=lead"]));
    assert!(nobody.2.contains("no tenant has these labels"), "{nobody:?}");
}

/// Switched and configured for many; what is refused for one is told of that one.
fn change(dev: &Dev) {
    let many = ["--tenant", "beta", "--tenant", "gama", "--tenant", "nobody"];
    let ran = |words: &[&str]| {
        let (code, table, _) = parts(&dev.run(&[words, &many].concat()));
        (code, ["beta", "gama", "nobody"].map(|tenant| row(&table, tenant)[1].to_owned()), table)
    };
    let dry = ran(&["disable", "crm", "--dry-run"]);
    assert_eq!((dry.0, &dry.1), (Some(1), &["Planned", "Planned", "Failed"].map(str::to_owned)), "{}", dry.2);
    let off = ran(&["disable", "crm", "--wait"]);
    assert_eq!(off.1, ["Ready", "Ready", "Failed"], "{}", off.2);
    let phase = || dev.must(&["get", "pi", "crm", "-n", "tenant-gama", "-o", "json"]);
    assert!(phase().contains("\"phase\": \"Disabled\""), "{}", phase());
    assert_eq!(ran(&["disable", "crm"]).1, ["Unchanged", "Unchanged", "Failed"]);
    let on = ran(&["enable", "crm", "--wait"]);
    assert_eq!(on.1, ["Ready", "Ready", "Failed"], "{}", on.2);
    assert!(phase().contains("\"phase\": \"Ready\""), "{}", phase());
    // What each had stays.
    let configured = ran(&["configure", "crm", "--set", "currency=CHF", "--wait"]);
    assert_eq!(configured.1, ["Ready", "Ready", "Failed"], "{}", configured.2);
    let more = ran(&["configure", "crm", "--set", r#"stages=["Lead","Won"]"#]);
    assert_eq!(more.1, ["Applied", "Applied", "Failed"], "{}", more.2);
    assert!(phase().contains("\"currency\": \"CHF\"") && phase().contains("\"Lead\""), "{}", phase());
    assert_eq!(ran(&["configure", "crm", "--set", "currency=CHF"]).1, ["Unchanged", "Unchanged", "Failed"]);
    let refused = ran(&["configure", "crm", "--set", "currency=francs", "--wait"]);
    assert_eq!(refused.1, ["Failed", "Failed", "Failed"], "{}", refused.2);
    assert!(refused.2.contains("spec.config.currency value does not match"), "{}", refused.2);
    let back = ran(&["configure", "crm", "--set", "currency=null", "--set", "stages=null", "--wait"]);
    assert_eq!(back.1, ["Ready", "Ready", "Failed"], "{}", back.2);
}
