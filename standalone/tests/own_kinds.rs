//! Tenants, plugins and installs are taken and refused as on the real API server, with the same
//! sentences: every CEL rule of theirs runs here as it does there.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::cast_possible_truncation)]
#![allow(missing_docs)]

mod pure;

use plexica_standalone::kind::Kind;
use plexica_standalone::schema::CompiledSchema;
use plexica_testkit::{require, unique};
use pure::{Case, Resource, Step, Verb};
use serde_json::{Value, json};

fn with(mut base: Value, pointer: &str, value: Value) -> Value {
    let (parent, member) = pointer.rsplit_once('/').unwrap();
    base.pointer_mut(parent).unwrap()[member] = value;
    base
}

fn tenant() -> Value {
    json!({"displayName": "Acme", "admin": {"email": "ada@acme.test"}, "domains": ["app.acme.test", "localhost:3000"]})
}

fn plugin() -> Value {
    json!({
        "id": "crm", "version": "1.4.0", "displayName": "Contacts", "runtime": {"image": "crm:1"},
        "permissions": [{"key": "crm:contacts:read", "name": "Read", "defaultRoles": ["user"]}],
        "events": {"publishes": ["crm.contact.created"], "subscribes": ["core.user.deleted"]},
    })
}

fn install() -> Value {
    json!({"tenantRef": {"name": "acme"}, "plugin": {"id": "crm", "version": "^1"}})
}

/// Kind, name, specification, and a change of it. `crm` stands for a name of this run.
fn cases() -> Vec<(Resource, &'static str, Value, Value)> {
    let none = || json!({});
    let tenants = [
        ("crm", tenant(), json!({"plan": "other"})),
        ("crm", tenant(), json!({"placement": "other", "database": {"placement": "other"}})),
        ("crm", json!({"displayName": "Short"}), json!({"suspend": true})),
        ("crm", json!({}), none()),
        ("crm", with(tenant(), "/displayName", json!("")), none()),
        ("crm", with(tenant(), "/admin/email", json!("ada")), none()),
        ("crm", with(tenant(), "/domains", json!(["https://a.test/"])), none()),
        ("crm", with(tenant(), "/deletionPolicy", json!("Maybe")), none()),
        ("crm", with(tenant(), "/unknown", json!(1)), none()),
        ("a234567890123456789012345", tenant(), none()),
        ("1acme", tenant(), none()),
        ("acme.corp", tenant(), none()),
        ("acme--corp", tenant(), none()),
        ("acme-plugin-crm", tenant(), none()),
        ("core", tenant(), none()),
    ];
    let plugins = [
        ("crm-1.4.0", plugin(), json!({"displayName": "Other"})),
        ("crm-1.4.0", plugin(), json!({"version": "2.0.0"})),
        ("crm-1.4.0", plugin(), json!({"id": "files"})),
        ("crm-2.0.0-rc.1", with(plugin(), "/version", json!("2.0.0-rc.1")), none()),
        ("crm-1.4.0", with(plugin(), "/runtime", json!({"command": ["crm"]})), none()),
        ("crm-1.4.0", with(plugin(), "/runtime", json!({})), none()),
        ("crm", plugin(), none()),
        ("crm-01.4.0", with(plugin(), "/version", json!("01.4.0")), none()),
        ("crm-1.4", with(plugin(), "/version", json!("1.4")), none()),
        ("my-plugin-1.4.0", with(plugin(), "/id", json!("my-plugin")), none()),
        ("crm-1.4.0", with(plugin(), "/permissions/0/key", json!("files:a:read")), none()),
        ("crm-1.4.0", with(plugin(), "/permissions/0/key", json!("crm:contacts")), none()),
        ("crm-1.4.0", with(plugin(), "/events/publishes", json!(["files.a.b"])), none()),
        ("crm-1.4.0", with(plugin(), "/configuration", json!({"schema": {"type": "object", "any": [1]}})), none()),
    ];
    let installs = [
        ("crm", install(), json!({"enabled": false, "config": {"a": {"b": [1, null]}}})),
        ("crm", install(), json!({"tenantRef": {"name": "beta"}})),
        ("crm", install(), json!({"plugin": {"id": "files"}})),
        ("crm", json!({"plugin": {"id": "crm"}}), none()),
        ("crm", with(install(), "/isolation", json!("None")), none()),
        ("crm", with(install(), "/config", json!("text")), none()),
        ("crm", with(install(), "/config", json!({"free": {"x": 1}})), none()),
    ];
    let of = |resource| move |(name, spec, change)| (resource, name, spec, change);
    let mut cases: Vec<_> = tenants.into_iter().map(of(Resource::Tenant)).collect();
    cases.extend(plugins.into_iter().map(of(Resource::Plugin)));
    cases.extend(installs.into_iter().map(of(Resource::PluginInstall)));
    cases
}

#[tokio::test]
async fn plexicas_own_kinds_are_answered_alike() {
    let Some(cluster) = require!(kubernetes) else { return };
    let client = cluster.client().await;
    let mut schemas = Vec::new();
    for crd in plexica_crds::all() {
        pure::live::serve(&client, &crd).await;
        let kind = Kind::from_crd(&crd).remove(0);
        schemas.push((kind.kind.clone(), CompiledSchema::compile(&kind).unwrap()));
    }
    for (resource, name, spec, change) in cases() {
        let id = unique("own");
        let here = |value: &Value| -> Value { serde_json::from_str(&value.to_string().replace("crm", &id)).unwrap() };
        let name = name.replace("crm", &id);
        let steps = vec![
            Step::new(Verb::Create, "m", json!({"spec": here(&spec)})),
            Step::new(Verb::Merge, "m", json!({"spec": here(&change)})),
            Step::new(Verb::Apply, "a", json!({"spec": here(&spec)})).forced(),
        ];
        let case = Case::new(name.as_str(), resource, steps);
        let kind = resource.names().1;
        let (_, schema) = schemas.iter().find(|(of, _)| of == kind).unwrap();
        let real = pure::live::answers(&client, &case, &name).await;
        let ours = pure::core::answers(schema, &case, &name);
        assert_eq!(real, ours, "{kind} {name} {spec} {change}");
    }
}
