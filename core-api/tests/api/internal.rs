//! What plugins' workloads are told.

use std::time::Duration;

use http::Method;
use kube::{
    Api, Client,
    api::{Patch, PatchParams},
};
use plexica_contract::{
    path::{PLATFORM_KEYS, PLUGIN_TENANTS},
    tenancy::PluginTenants,
    token::PublicKeys,
};
use plexica_core_api::start;
use plexica_crds::PluginInstall;
use plexica_testkit::{postgres::Database, require, unique, wait_for};
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use crate::harness::{Answer, Bench, SOON, bench, config, make, read};

async fn give(database: &Database, username: &str, password: &str) {
    sqlx::query("INSERT INTO core.plugin_credential (username, sha256) VALUES ($1, $2)")
        .bind(username)
        .bind(Sha256::digest(password.as_bytes()).to_vec())
        .execute(&mut database.connect().await)
        .await
        .unwrap();
}

async fn ask(bench: &Bench, username: &str, password: &str, query: &str) -> Answer {
    let path = format!("{PLUGIN_TENANTS}{query}");
    read(bench.request(Method::GET, &path).basic_auth(username, Some(password))).await
}

async fn install(bench: &Bench, tenant: &str, plugin: &str, isolation: &str) {
    let install = json!({
        "apiVersion": "plexica.io/v1alpha1", "kind": "PluginInstall", "metadata": { "name": plugin },
        "spec": { "tenantRef": { "name": tenant }, "plugin": { "id": plugin }, "isolation": isolation },
        "status": { "version": "1.0.0", "database": { "schema": format!("s_{tenant}"), "role": format!("r_{tenant}") } },
    });
    make(&Api::<PluginInstall>::namespaced(bench.client.clone(), &format!("tenant-{tenant}")), &install).await;
}

#[tokio::test]
async fn a_plugin_is_told_of_its_tenants_and_of_changes() {
    let Some(bench) = bench().await else { return };
    let (acme, globex, plugin, other) = (bench.tenant().await, bench.tenant().await, unique("crm"), unique("files"));
    let (shared, dedicated) = (format!("plugin:{plugin}"), format!("plugin:{plugin}:{globex}"));
    give(&bench.database, &shared, "old").await;
    give(&bench.database, &shared, "new").await;
    give(&bench.database, &dedicated, "own").await;
    install(&bench, &acme, &plugin, "Shared").await;
    install(&bench, &acme, &other, "Shared").await;
    install(&bench, &globex, &plugin, "Dedicated").await;

    let told = async |username: &str, password: &str, tenants: &[&str]| {
        wait_for("the tenants are known", SOON, async || {
            let answer = ask(&bench, username, password, "").await;
            assert_eq!(answer.status, 200, "{answer:?}");
            let told: PluginTenants = serde_json::from_value(answer.body).unwrap();
            let slugs: Vec<&str> = told.tenants.iter().map(|tenant| tenant.tenant.as_str()).collect();
            (slugs == tenants).then_some(told)
        })
        .await
    };
    let known = told(&shared, "old", &[&acme]).await;
    assert_eq!((known.tenants[0].schema.as_str(), known.tenants[0].enabled), (format!("s_{acme}").as_str(), true));
    told(&shared, "new", &[&acme]).await;
    told(&dedicated, "own", &[&globex]).await;

    let after = format!("?after={}", known.revision);
    let changed = async {
        // Held back: nothing has changed yet.
        let disabled = Patch::Merge(json!({ "spec": { "enabled": false } }));
        let api: Api<PluginInstall> = Api::namespaced(bench.client.clone(), &format!("tenant-{acme}"));
        tokio::task::yield_now().await;
        api.patch(&plugin, &PatchParams::default(), &disabled).await.unwrap();
    };
    let (answer, ()) = tokio::join!(ask(&bench, &shared, "old", &after), changed);
    let newer: PluginTenants = serde_json::from_value(answer.body).unwrap();
    assert!(newer.revision != known.revision && !newer.tenants[0].enabled);

    let after = format!("?after={}", newer.revision);
    let configured = async {
        let api: Api<PluginInstall> = Api::namespaced(bench.client.clone(), &format!("tenant-{acme}"));
        let configuration = json!({ "version": "1.0.0", "value": { "currency": "SEK" } });
        let patch = Patch::Merge(json!({ "status": { "configuration": configuration } }));
        api.patch_status(&plugin, &PatchParams::default(), &patch).await.unwrap();
        // What is only asked for is nothing that a plugin hears of.
        let patch = Patch::Merge(json!({ "spec": { "config": { "currency": "NOK" } } }));
        api.patch(&plugin, &PatchParams::default(), &patch).await.unwrap();
    };
    let (answer, ()) = tokio::join!(ask(&bench, &shared, "old", &after), configured);
    let newer: PluginTenants = serde_json::from_value(answer.body).unwrap();
    assert_eq!(newer.tenants[0].config, json!({ "currency": "SEK" }), "a configuration changed later");
    let other = ask(&bench, &shared, "old", "?version=2.0.0").await;
    let other: PluginTenants = serde_json::from_value(other.body).unwrap();
    assert!(other.tenants.is_empty(), "the tenant has not come to that version");
    let after = format!("?version=1.0.0&after={}", newer.revision);
    let held = tokio::time::timeout(Duration::from_secs(1), ask(&bench, &shared, "old", &after));
    assert!(held.await.is_err(), "an answer without news");

    for (username, password) in [
        (shared.as_str(), "own"),
        (shared.as_str(), ""),
        (dedicated.as_str(), "old"),
        ("plugin:nobody", "old"),
        (plugin.as_str(), "old"),
        ("", ""),
    ] {
        assert_eq!(ask(&bench, username, password, "").await.status, 401, "{username} {password}");
    }
    let elsewhere = bench.request(Method::GET, "/api/v1/me").basic_auth(&shared, Some("old"));
    assert_eq!(read(elsewhere).await.status, 401, "a plugin's credential is good for this address alone");
    bench.end(&[&acme, &globex]).await;
}

#[tokio::test]
async fn before_the_first_lists_no_plugin_is_told_that_it_has_no_tenants() {
    let Some(postgres) = require!(postgres17) else { return };
    plexica_testkit::tls();
    let database = postgres.database().await;
    // Nothing listens there, so nothing is ever listed.
    let client = Client::try_from(kube::Config::new("http://127.0.0.1:1".parse().unwrap())).unwrap();
    let shutdown = CancellationToken::new();
    let api = start(config("nowhere", &database).await, client, shutdown.clone()).await.unwrap();
    give(&database, "plugin:crm", "secret").await;
    let request = reqwest::Client::new().get(format!("http://{}{PLUGIN_TENANTS}", api.addr));
    let answer = read(request.basic_auth("plugin:crm", Some("secret"))).await;
    assert_eq!((answer.status, &answer.body["error"]["code"]), (503, &json!("UNAVAILABLE")));
    shutdown.cancel();
    api.stopped().await.unwrap();
}

#[tokio::test]
async fn public_keys_are_public_and_public_only() {
    let Some(bench) = bench().await else { return };
    let answer = read(bench.request(Method::GET, PLATFORM_KEYS)).await;
    let keys: PublicKeys = serde_json::from_value(answer.body.clone()).unwrap();
    assert_eq!(keys.0.keys.len(), 1);
    assert!(answer.body["keys"][0].get("d").is_none(), "a private key");
    bench.end(&[]).await;
}
