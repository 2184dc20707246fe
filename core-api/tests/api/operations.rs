//! What is being done about a tenant and its installs, told to its administrators alone.

use kube::{
    Api,
    api::{Patch, PatchParams},
};
use plexica_crds::{PluginInstall, Tenant};
use plexica_testkit::wait_until;
use serde_json::{Value, json};

use crate::harness::{Bench, SOON, bench, make};

fn operation(id: &str, kind: &str, at: &str) -> Value {
    json!({ "operation": {
        "id": id, "kind": kind, "phase": "Running", "startedAt": at, "retries": 1,
        "steps": [{ "name": "DatabaseReady", "phase": "Failed", "message": "Postgres does not answer." }],
    } })
}

async fn install(bench: &Bench, namespace: &str, name: &str, slug: &str, id: &str, at: &str) {
    let installs: Api<PluginInstall> = Api::namespaced(bench.client.clone(), namespace);
    let object = json!({
        "apiVersion": "plexica.io/v1alpha1", "kind": "PluginInstall", "metadata": { "name": name },
        "spec": { "tenantRef": { "name": slug }, "plugin": { "id": "crm" } },
    });
    make(&installs, &object).await;
    let status = Patch::Merge(json!({ "status": operation(id, "Install", at) }));
    installs.patch_status(name, &PatchParams::default(), &status).await.unwrap();
}

#[tokio::test]
async fn ones_own_and_nobody_elses() {
    let Some(bench) = bench().await else { return };
    let (slug, other) = (bench.tenant().await, bench.tenant().await);
    let tenants: Api<Tenant> = Api::all(bench.client.clone());
    let status = Patch::Merge(json!({ "status": operation("op-tenant", "Provision", "2026-01-01T00:00:00Z") }));
    tenants.patch_status(&slug, &PatchParams::default(), &status).await.unwrap();
    install(&bench, &format!("tenant-{slug}"), "crm", &slug, "op-crm", "2026-01-02T00:00:00Z").await;
    // One that names the tenant from another's namespace has no say.
    install(&bench, &format!("tenant-{other}"), "crm", &slug, "op-stranger", "2026-01-03T00:00:00Z").await;

    let admin = bench.admin_of(&slug);
    let ids = async |query: &str| {
        let list = bench.get(&admin, &format!("/api/v1/operations{query}")).await.body;
        let items = list["items"].as_array().unwrap().clone();
        let ids: Vec<String> = items.iter().map(|item| item["operation"]["id"].as_str().unwrap().to_owned()).collect();
        (ids, list["continue"].clone())
    };
    wait_until("both are listed", SOON, async || ids("").await.0 == ["op-crm", "op-tenant"]).await;
    let (first, next) = ids("?limit=1").await;
    assert_eq!(first, ["op-crm"]);
    assert_eq!(ids(&format!("?limit=1&continue={}", next.as_str().unwrap())).await.0, ["op-tenant"]);

    let one = bench.get(&admin, "/api/v1/operations/op-tenant").await;
    assert_eq!((one.status, &one.body["resource"], &one.body["name"]), (200, &json!("Tenant"), &json!(slug)));
    assert_eq!(one.body["operation"]["steps"][0]["phase"], "Failed");
    assert_eq!(bench.get(&admin, "/api/v1/operations/op-stranger").await.status, 404);
    assert_eq!(bench.get(&admin, "/api/v1/operations/op-nothing").await.status, 404);

    let stranger = bench.admin_of(&other);
    assert_eq!(bench.get(&stranger, "/api/v1/operations/op-tenant").await.status, 404);
    assert_eq!(bench.get(&stranger, &format!("/api/v1/operations/op-tenant?tenant={slug}")).await.status, 404);
    let root = bench.super_admin();
    assert_eq!(bench.get(&root, &format!("/api/v1/operations/op-tenant?tenant={slug}")).await.status, 200);
    assert_eq!(bench.get(&root, "/api/v1/operations").await.status, 400, "it must say for whom");
    let user = bench.token("core-api", Some(&slug), &["user"]);
    assert_eq!(bench.get(&user, "/api/v1/operations").await.status, 403);
    bench.end(&[&slug, &other]).await;
}
