//! Following the resources of a real Kubernetes API.

use std::{collections::BTreeMap, fmt::Debug, time::Duration};

use k8s_openapi::{
    ByteString,
    api::core::v1::{Namespace, Secret},
    apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube::{
    Api, Client, Resource,
    api::{DeleteParams, ObjectMeta, Patch, PatchParams, PostParams},
    runtime::{conditions::is_crd_established, wait::await_condition},
};
use plexica_crds::{Plugin, PluginInstall, Tenant};
use plexica_gateway::start;
use plexica_testkit::{require, unique, wait_until};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::{
    harness::{Pair, claims, config, key_server, limits},
    resources::{install, plugin, tenant, with},
    upstream::Upstream,
};

const SOON: Duration = Duration::from_secs(30);

async fn install_definitions(client: &Client) {
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    for definition in plexica_crds::all() {
        let name = definition.metadata.name.clone().unwrap();
        api.patch(&name, &PatchParams::apply("plexica-tests").force(), &Patch::Apply(&definition)).await.unwrap();
        timeout(SOON, await_condition(api.clone(), &name, is_crd_established())).await.expect(&name).unwrap();
    }
}

/// Makes the resource and gives it its status.
async fn make<K>(api: &Api<K>, resource: &Value)
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Serialize,
{
    let made = api.create(&PostParams::default(), &serde_json::from_value(resource.clone()).unwrap()).await.unwrap();
    if let Some(status) = resource.get("status") {
        let name = made.meta().name.as_deref().unwrap();
        api.patch_status(name, &PatchParams::default(), &Patch::Merge(json!({ "status": status }))).await.unwrap();
    }
}

fn signing_secret(pair: &Pair) -> Secret {
    Secret {
        metadata: ObjectMeta { name: Some("plexica-platform-keys".into()), ..ObjectMeta::default() },
        data: Some(BTreeMap::from([("signing-key.pem".into(), ByteString(pair.pem.clone().into_bytes()))])),
        ..Secret::default()
    }
}

/// What the operator says of a realm of the platform that it has found to be ours.
fn platform_secret(realm: &str) -> Secret {
    let issuer = format!("https://id.test/realms/{realm}");
    let data = [("realm", realm.to_owned()), ("issuer", issuer)];
    Secret {
        metadata: ObjectMeta { name: Some("plexica-platform-identity".into()), ..ObjectMeta::default() },
        data: Some(data.map(|(key, value)| (key.to_owned(), ByteString(value.into_bytes()))).into()),
        ..Secret::default()
    }
}

#[tokio::test]
async fn a_realm_is_the_platforms_only_while_the_operator_says_so() {
    let Some(cluster) = require!(kubernetes) else { return };
    let client = cluster.client().await;
    install_definitions(&client).await;
    let namespace = unique("platform");
    let named = ObjectMeta { name: Some(namespace.clone()), ..ObjectMeta::default() };
    let namespaces: Api<Namespace> = Api::all(client.clone());
    namespaces.create(&PostParams::default(), &Namespace { metadata: named, ..Namespace::default() }).await.unwrap();
    let secrets: Api<Secret> = Api::namespaced(client.clone(), &namespace);
    secrets.create(&PostParams::default(), &signing_secret(&Pair::new())).await.unwrap();

    // Somebody's realm of the name that ours would have: its keys are there, its users sign in.
    let (keys, core_api, users) = (key_server().await, Upstream::start().await, Pair::new());
    keys.set("plexica", &users);
    let mut config = config(&keys, &core_api, limits());
    config.common.namespace.clone_from(&namespace);
    let shutdown = CancellationToken::new();
    let gateway = start(config, client.clone(), shutdown.clone()).await.unwrap();
    let http = reqwest::Client::new();
    let ready = async || {
        let answer = http.get(format!("http://{}/readyz", gateway.metrics_addr)).send().await.unwrap();
        answer.status() == 200
    };
    wait_until("the gateway is ready", SOON, ready).await;
    let status = async || {
        let url = format!("http://{}/api/v1/tenants", gateway.addr);
        let answer = http.get(url).bearer_auth(users.token(&claims("plexica"))).send().await.unwrap();
        answer.status().as_u16()
    };
    assert_eq!(status().await, 401, "nobody said that it is ours");
    assert_eq!(core_api.count(), 0);

    secrets.create(&PostParams::default(), &platform_secret("plexica")).await.unwrap();
    wait_until("the platform's realm is known", SOON, async || status().await == 200).await;
    secrets.delete("plexica-platform-identity", &DeleteParams::default()).await.unwrap();
    wait_until("it is no longer ours", SOON, async || status().await == 401).await;

    namespaces.delete(&namespace, &DeleteParams::default()).await.unwrap();
    shutdown.cancel();
    gateway.stopped().await.unwrap();
}

#[tokio::test]
async fn what_is_applied_is_routed() {
    let Some(cluster) = require!(kubernetes) else { return };
    let client = cluster.client().await;
    install_definitions(&client).await;
    // The cluster is shared: everything has a name of its own.
    let (slug, id, namespace) = (unique("acme"), unique("crm"), unique("platform"));
    let named = ObjectMeta { name: Some(namespace.clone()), ..ObjectMeta::default() };
    let namespaces: Api<Namespace> = Api::all(client.clone());
    namespaces.create(&PostParams::default(), &Namespace { metadata: named, ..Namespace::default() }).await.unwrap();
    let secrets: Api<Secret> = Api::namespaced(client.clone(), &namespace);
    let tenants: Api<Tenant> = Api::all(client.clone());
    let plugins: Api<Plugin> = Api::all(client.clone());
    let installs: Api<PluginInstall> = Api::namespaced(client.clone(), &namespace);

    let (keys, crm, core_api) = (key_server().await, Upstream::start().await, Upstream::start().await);
    let (realm, users, first, second) = (format!("tenant-{slug}"), Pair::new(), Pair::new(), Pair::new());
    keys.set(&realm, &users);
    let mut config = config(&keys, &core_api, limits());
    config.common.namespace.clone_from(&namespace);
    let shutdown = CancellationToken::new();
    let gateway = start(config, client.clone(), shutdown.clone()).await.unwrap();
    let http = reqwest::Client::new();
    let ready = async || {
        let answer = http.get(format!("http://{}/readyz", gateway.metrics_addr)).send().await.unwrap();
        answer.status() == 200
    };
    assert!(!ready().await, "without a signing key");
    secrets.create(&PostParams::default(), &signing_secret(&first)).await.unwrap();
    wait_until("the gateway is ready", SOON, ready).await;

    let get = async || {
        let url = format!("http://{}/api/plugins/{id}/contacts", gateway.addr);
        http.get(url).bearer_auth(users.token(&claims(&realm))).send().await.unwrap()
    };
    let status = async || get().await.status().as_u16();
    assert_eq!(status().await, 401, "nobody's realm yet");
    make(&tenants, &tenant(&slug)).await;
    wait_until("the realm is known", SOON, async || status().await == 404).await;

    make(&plugins, &plugin(&id)).await;
    let applied = with(install(&namespace, &slug, &crm.url()), "/metadata/creationTimestamp", Value::Null);
    let applied = with(applied, "/spec/plugin/id", json!(id));
    let applied = with(applied, "/status/permissions", json!([format!("{id}:contacts:read")]));
    make(&installs, &applied).await;
    wait_until("the plugin is routed", SOON, async || status().await == 200).await;

    let signed_by = async |pair: &Pair| {
        let seen: Value = get().await.json().await.unwrap();
        let token = seen["headers"]["authorization"][0].as_str().unwrap().strip_prefix("Bearer ").unwrap().to_owned();
        let audience = format!("plugin:{id}").parse().unwrap();
        plexica_contract::token::Verifier::new("i1", &audience, &pair.public()).verify(&token).is_ok()
    };
    assert!(signed_by(&first).await);
    let rotated = json!({ "data": signing_secret(&second).data });
    secrets.patch("plexica-platform-keys", &PatchParams::default(), &Patch::Merge(rotated)).await.unwrap();
    wait_until("the new key signs", SOON, async || signed_by(&second).await).await;

    let withdrawn = Patch::Merge(json!({ "status": { "route": null } }));
    installs.patch_status("crm", &PatchParams::default(), &withdrawn).await.unwrap();
    wait_until("the plugin is gone", SOON, async || status().await == 404).await;

    tenants.delete(&slug, &DeleteParams::default()).await.unwrap();
    wait_until("the realm is gone", SOON, async || status().await == 401).await;
    installs.delete("crm", &DeleteParams::default()).await.unwrap();
    plugins.delete(&format!("{id}-1.4.0"), &DeleteParams::default()).await.unwrap();
    namespaces.delete(&namespace, &DeleteParams::default()).await.unwrap();
    shutdown.cancel();
    gateway.stopped().await.unwrap();
}
