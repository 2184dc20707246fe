//! Every rule of the CRDs against the real API server: one object it takes, one it refuses, and the
//! sentence it refuses it with.
#![allow(clippy::unwrap_used, clippy::panic, clippy::needless_pass_by_value)]

#[path = "cel/identity.rs"]
mod identity;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{
    Api, Client,
    api::{ApiResource, DynamicObject, Patch, PatchParams, PostParams},
    core::GroupVersionKind,
};
use plexica_crds::{GROUP, VERSION};
use plexica_testkit::{
    require,
    spec::{install, plugin, tenant, with},
    unique, wait_until,
};
use serde_json::{Value, json};

/// Applies the CRDs and waits until the API server serves them.
async fn client() -> Option<Client> {
    let cluster = require!(kubernetes)?;
    let client = cluster.client().await;
    let crds: Api<CustomResourceDefinition> = Api::all(client.clone());
    for crd in plexica_crds::all() {
        let name = crd.metadata.name.clone().unwrap();
        crds.patch(&name, &PatchParams::apply("crds-tests").force(), &Patch::Apply(&crd)).await.unwrap();
        wait_until("the CRD is established", std::time::Duration::from_secs(20), async || {
            let status = crds.get(&name).await.unwrap().status;
            status
                .and_then(|s| s.conditions)
                .into_iter()
                .flatten()
                .any(|c| c.type_ == "Established" && c.status == "True")
        })
        .await;
    }
    Some(client)
}

fn api(client: &Client, kind: &str) -> Api<DynamicObject> {
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(GROUP, VERSION, kind));
    if kind == "PluginInstall" {
        Api::namespaced_with(client.clone(), "default", &resource)
    } else {
        Api::all_with(client.clone(), &resource)
    }
}

fn object(kind: &str, name: &str, spec: Value) -> DynamicObject {
    let value = json!({
        "apiVersion": format!("{GROUP}/{VERSION}"), "kind": kind, "metadata": {"name": name}, "spec": spec,
    });
    serde_json::from_value(value).unwrap()
}

/// A create that changes nothing: the API server validates it all the same.
async fn create(client: &Client, object: &DynamicObject) -> Result<(), String> {
    let kind = &object.types.as_ref().unwrap().kind;
    let dry = PostParams { dry_run: true, ..PostParams::default() };
    match api(client, kind).create(&dry, object).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) => Err(status.message.clone()),
        Err(other) => panic!("{other}"),
    }
}

/// Without what holds the id of another.
fn plugin_of(id: &str) -> Value {
    json!({"id": id, "version": "1.4.0", "displayName": "Any", "runtime": {"image": "any:1"}})
}

fn requires(on: Value) -> Value {
    json!([with(on, "/version", json!("^1"))])
}

fn provides(interface: &str) -> Value {
    json!([{"interface": interface, "version": "1.0.0"}])
}

#[tokio::test]
async fn what_is_taken() {
    let Some(client) = client().await else { return };
    for taken in [
        object("Tenant", "acme-corp-2", tenant()),
        object("Tenant", "plugins", tenant()),
        object("Tenant", "a23456789012345678901234", json!({"displayName": "longest"})),
        object("Plugin", "crm-1.4.0", plugin("1.4.0")),
        object("Plugin", "crm-2.0.0-rc.1", plugin("2.0.0-rc.1")),
        object("Plugin", "crm-1.0.0", with(plugin("1.0.0"), "/runtime", json!({"command": ["crm"]}))),
        object("Plugin", "my-crm2-1.4.0", plugin_of("my-crm2")),
        object("Plugin", "plugins-1.4.0", plugin_of("plugins")),
        object("Plugin", "crm-1.4.0", with(plugin("1.4.0"), "/requires", requires(json!({"plugin": "files"})))),
        object("Plugin", "crm-1.4.0", with(plugin("1.4.0"), "/requires", requires(json!({"interface": "files.v1"})))),
        object("Plugin", "crm-1.4.0", with(plugin("1.4.0"), "/provides", provides("contacts.v1"))),
        object("Plugin", "crm-1.4.0", with(plugin("1.4.0"), "/yanked", json!({"reason": "it loses data"}))),
        object("Tenant", "acme-corp-3", with(tenant(), "/driftPolicy", json!("Report"))),
        object("Tenant", "acme-corp-4", with(tenant(), "/rotation", json!({"interval": "720h", "overlap": "1h30m"}))),
        object("Tenant", "acme-corp-5", with(tenant(), "/rotation", json!({"overlap": "90s"}))),
        object("PluginInstall", "crm", install()),
        object("PluginInstall", "crm", with(install(), "/driftPolicy", json!("Repair"))),
    ] {
        assert_eq!(create(&client, &taken).await, Ok(()), "{taken:?}");
    }
}

#[tokio::test]
async fn what_is_refused_and_with_which_sentence() {
    let Some(client) = client().await else { return };
    for (refused, sentence) in vec![
        (object("Tenant", "a234567890123456789012345", tenant()), "such as acme-corp"),
        (object("Tenant", "1acme", tenant()), "such as acme-corp"),
        (object("Tenant", "acme.corp", tenant()), "such as acme-corp"),
        (object("Tenant", "acme--corp", tenant()), "such as acme-corp"),
        (object("Tenant", "acme-plugin-crm", tenant()), "joins tenant and plugin"),
        (object("Tenant", "core", tenant()), "reserved"),
        (object("Tenant", "acme", json!({})), "displayName"),
        (object("Tenant", "acme", with(tenant(), "/displayName", json!(""))), "displayName"),
        (object("Tenant", "acme", with(tenant(), "/admin/email", json!("ada"))), "such as ada@acme.test"),
        (object("Tenant", "acme", with(tenant(), "/domains", json!(["https://a.test/"]))), "without scheme or path"),
        (object("Tenant", "acme", with(tenant(), "/domains", json!(["a".repeat(246)]))), "245"),
        (object("Tenant", "acme", with(tenant(), "/deletionPolicy", json!("Maybe"))), "deletionPolicy"),
        (object("Tenant", "acme", with(tenant(), "/driftPolicy", json!("Ignore"))), "driftPolicy"),
        (object("Tenant", "acme", with(tenant(), "/rotation", json!({"interval": "30d"}))), "write 720h"),
        (object("Tenant", "acme", with(tenant(), "/rotation", json!({"interval": ""}))), "write 720h"),
        (object("Tenant", "acme", with(tenant(), "/rotation", json!({"overlap": "-1h"}))), "write 1h"),
        (object("PluginInstall", "crm", with(install(), "/driftPolicy", json!("Ignore"))), "driftPolicy"),
        (object("Plugin", "crm", plugin("1.4.0")), "<spec.id>-<spec.version>"),
        (object("Plugin", "crm-1.4", plugin("1.4")), "version"),
        (object("Plugin", "crm-01.4.0", plugin("01.4.0")), "semantic version"),
        (object("Plugin", "crm-1.4.0-rc-.1", plugin("1.4.0-rc-.1")), "semantic version"),
        (object("Plugin", "my-plugin-1.4.0", plugin_of("my-plugin")), "such as crm"),
        (object("Plugin", "plugin-1.4.0", plugin_of("plugin")), "such as crm"),
        (object("Plugin", "2crm-1.4.0", plugin_of("2crm")), "such as crm"),
        (object("Plugin", "my--crm-1.4.0", plugin_of("my--crm")), "such as crm"),
        (object("Plugin", "my.crm-1.4.0", plugin_of("my.crm")), "such as crm"),
        (object("Plugin", "crm-1.4.0", with(plugin("1.4.0"), "/runtime", json!({}))), "needs an image"),
        (object("Plugin", "crm-1.4.0", with(plugin("1.4.0"), "/runtime/replicas", json!(0))), "runtime.replicas"),
        (
            object("Plugin", "crm-1.4.0", with(plugin("1.4.0"), "/permissions/0/key", json!("files:a:read"))),
            "<plugin id>:<resource>:<action>",
        ),
        (
            object("Plugin", "crm-1.4.0", with(plugin("1.4.0"), "/permissions/0/key", json!("crm:contacts"))),
            "<plugin id>:<resource>:<action>",
        ),
        (
            object("Plugin", "crm-1.4.0", with(plugin("1.4.0"), "/events/publishes", json!(["files.a.b"]))),
            "only events of its own",
        ),
        (
            object(
                "Plugin",
                "crm-1.4.0",
                with(plugin("1.4.0"), "/requires", requires(json!({"plugin": "files", "interface": "files.v1"}))),
            ),
            "either a plugin, such as files, or an interface",
        ),
        (
            object("Plugin", "crm-1.4.0", with(plugin("1.4.0"), "/requires", requires(json!({})))),
            "either a plugin, such as files, or an interface",
        ),
        (object("Plugin", "crm-1.4.0", with(plugin("1.4.0"), "/provides", provides("Contacts"))), "such as files.v1"),
        (object("Plugin", "crm-1.4.0", with(plugin("1.4.0"), "/provides", provides("contacts."))), "such as files.v1"),
        (object("Plugin", "crm-1.4.0", with(plugin("1.4.0"), "/yanked", json!({"reason": ""}))), "yanked.reason"),
        (object("PluginInstall", "crm", json!({"plugin": {"id": "crm"}})), "tenantRef"),
        (object("PluginInstall", "crm", with(install(), "/isolation", json!("None"))), "isolation"),
        (object("PluginInstall", "crm", with(install(), "/config", json!("text"))), "config"),
    ] {
        let message = create(&client, &refused).await.expect_err(&format!("{refused:?}"));
        assert!(message.contains(sentence), "{sentence:?} in {message}");
    }
}

#[tokio::test]
async fn what_cannot_be_changed_and_that_the_rest_can() {
    let Some(client) = client().await else { return };
    // A version is part of the name, so this one is unique through its pre-release part.
    let version = format!("1.0.0-{}", unique("t").replace('-', ""));
    let name = unique("cel");
    let crm = format!("crm-{version}");
    for (kind, name, spec, refused, sentence, taken) in [
        (
            "Tenant",
            name.clone(),
            tenant(),
            json!({"database": {"placement": "other"}}),
            "placement cannot be changed",
            json!({"displayName": "Acme again", "database": {"placement": "default"}, "deletionPolicy": "Delete"}),
        ),
        (
            "Plugin",
            crm.clone(),
            plugin(&version),
            json!({"version": "2.0.0"}),
            "id and version cannot be changed",
            json!({"displayName": "People", "id": "crm", "version": version}),
        ),
        (
            "Plugin",
            crm,
            plugin(&version),
            json!({"id": "files"}),
            "id and version cannot be changed",
            json!({"id": "crm", "description": "Who buys"}),
        ),
        (
            "PluginInstall",
            name.clone(),
            install(),
            json!({"tenantRef": {"name": "beta"}}),
            "plugin.id cannot be changed",
            json!({"tenantRef": {"name": "acme"}, "enabled": false}),
        ),
        (
            "PluginInstall",
            name,
            install(),
            json!({"plugin": {"id": "files"}}),
            "plugin.id cannot be changed",
            json!({"plugin": {"id": "crm", "version": "^2"}}),
        ),
    ] {
        let api = api(&client, kind);
        api.create(&PostParams::default(), &object(kind, &name, spec)).await.unwrap();
        let change =
            async |spec: &Value| api.patch(&name, &PatchParams::default(), &Patch::Merge(&json!({"spec": spec}))).await;
        let message = match change(&refused).await {
            Err(kube::Error::Api(status)) => status.message.clone(),
            other => panic!("{kind} {refused}: {other:?}"),
        };
        assert!(message.contains(sentence), "{sentence:?} in {message}");
        let changed = change(&taken).await.unwrap_or_else(|error| panic!("{kind} {taken}: {error}"));
        for (field, value) in taken.as_object().unwrap() {
            assert_eq!(&changed.data["spec"][field], value);
        }
        api.delete(&name, &kube::api::DeleteParams::default()).await.unwrap();
    }
}

/// Nothing granted and nothing said of it are not the same.
#[tokio::test]
async fn a_grant_that_is_taken_out_of_what_is_applied_is_gone() {
    let Some(client) = client().await else { return };
    let (name, api) = (unique("cel"), api(&client, "PluginInstall"));
    let apply = async |spec: Value| {
        let whole = object("PluginInstall", &name, spec);
        api.patch(&name, &PatchParams::apply("crds-tests"), &Patch::Apply(&whole)).await.unwrap()
    };
    let none = apply(with(install(), "/grantedPermissions", json!([]))).await;
    assert_eq!(none.data["spec"]["grantedPermissions"], json!([]));
    let unsaid = apply(install()).await;
    assert_eq!(unsaid.data["spec"].get("grantedPermissions"), None);
    api.delete(&name, &kube::api::DeleteParams::default()).await.unwrap();
}
