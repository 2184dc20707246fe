//! Resources for tests of plans.
#![allow(clippy::needless_pass_by_value)]

use std::sync::Arc;

use serde_json::{Value, json};

use crate::state::State;

/// `id version`, and what else its spec says.
pub fn plugin(line: &str, more: Value) -> Value {
    let (id, version) = line.split_once(' ').unwrap();
    let mut spec = json!({
        "id": id, "version": version, "displayName": id, "runtime": { "image": id },
        "permissions": [{ "key": format!("{id}:things:read"), "name": "Read" }],
    });
    spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "metadata": { "name": format!("{id}-{version}") }, "spec": spec })
}

/// An install for a tenant, named like its plugin, at a version if it serves.
pub fn install(tenant: &str, id: &str, asks: &str, serves: Option<&str>) -> Value {
    let mut install = json!({
        "metadata": { "name": id, "namespace": format!("tenant-{tenant}"), "uid": format!("{tenant}-{id}") },
        "spec": { "tenantRef": { "name": tenant }, "plugin": { "id": id, "version": asks } },
    });
    if let Some(version) = serves {
        install["status"] = json!({
            "version": version, "migratedVersion": version, "permissions": [format!("{id}:things:read")],
            "route": { "path": format!("/api/plugins/{id}"), "upstream": "http://x" },
        });
    }
    install
}

/// All of them.
pub fn state(tenants: &[&str], plugins: Vec<Value>, installs: Vec<Value>) -> State {
    let tenant = |name: &&str| json!({ "metadata": { "name": name }, "spec": { "displayName": name } });
    let kinds = |mut value: Value, kind: &str| {
        value["apiVersion"] = json!("plexica.io/v1alpha1");
        value["kind"] = json!(kind);
        value
    };
    State {
        tenants: tenants
            .iter()
            .map(|name| Arc::new(serde_json::from_value(kinds(tenant(name), "Tenant")).unwrap()))
            .collect(),
        plugins: plugins
            .into_iter()
            .map(|one| Arc::new(serde_json::from_value(kinds(one, "Plugin")).unwrap()))
            .collect(),
        installs: installs
            .into_iter()
            .map(|one| Arc::new(serde_json::from_value(kinds(one, "PluginInstall")).unwrap()))
            .collect(),
    }
}
