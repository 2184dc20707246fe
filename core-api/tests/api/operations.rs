//! What is being done about a tenant and its installs, told to its administrators alone.

use kube::{
    Api,
    api::{DeleteParams, Patch, PatchParams},
};
use plexica_crds::{Plugin, PluginInstall, Tenant};
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
    assert_eq!(bench.get(&root, "/api/v1/operations/op-tenant").await.status, 400, "it must say for whom");
    assert!(!ids_of(&bench, &root, "").await.contains(&"op-tenant".to_owned()), "it must say for whom");
    let user = bench.token("core-api", Some(&slug), &["user"]);
    assert_eq!(bench.get(&user, "/api/v1/operations").await.status, 403);
    bench.end(&[&slug, &other]).await;
}

/// As the operator records one, so many seconds after the first.
async fn record(bench: &Bench, id: &str, slug: &str, uid: &str, second: i64) {
    let at = format!("2026-01-01T00:00:{second:02}Z");
    let operation = json!({
        "id": id, "kind": "Update", "phase": "Succeeded", "startedAt": at, "completedAt": at, "retries": 0,
    });
    let sql = "INSERT INTO core.operation
                      (id, tenant, tenant_uid, resource, name, resource_uid, phase, started_at, operation)
               VALUES ($1, $2, $3, 'Tenant', $2, $3, 'Succeeded', $4::text::timestamptz, $5)";
    let mut connection = bench.database.connect().await;
    let query = sqlx::query(sql).bind(id).bind(slug).bind(uid).bind(at).bind(operation);
    query.execute(&mut connection).await.unwrap();
}

#[tokio::test]
async fn what_stands_in_no_status_any_more() {
    let Some(bench) = bench().await else { return };
    let slug = bench.tenant().await;
    let tenants: Api<Tenant> = Api::all(bench.client.clone());
    let status = Patch::Merge(json!({ "status": operation("op-now", "Update", "2026-01-01T00:00:03Z") }));
    let uid = tenants.patch_status(&slug, &PatchParams::default(), &status).await.unwrap().metadata.uid.unwrap();
    // Two began in the same second; the last is that of an earlier tenant of the name.
    for (id, uid, second) in
        [("op-1", &*uid, 1), ("op-2b", &uid, 2), ("op-2a", &uid, 2), ("op-now", &uid, 3), ("op-before", "gone", 0)]
    {
        record(&bench, id, &slug, uid, second).await;
    }
    let all = async |token: &str, query: &str| {
        let (mut ids, mut after) = (Vec::new(), String::new());
        loop {
            let list = bench.get(token, &format!("/api/v1/operations?limit=2{query}{after}")).await.body;
            let items = list["items"].as_array().unwrap();
            assert!(items.len() <= 2, "{list}");
            ids.extend(items.iter().map(|item| item["operation"]["id"].as_str().unwrap().to_owned()));
            let Some(next) = list["continue"].as_str() else { return ids };
            after = format!("&continue={next}");
        }
    };
    let (admin, root, named) = (bench.admin_of(&slug), bench.super_admin(), format!("&tenant={slug}"));
    assert_eq!(all(&admin, "").await, ["op-now", "op-2a", "op-2b", "op-1"]);
    assert_eq!(all(&root, &named).await, ["op-now", "op-2a", "op-2b", "op-1", "op-before"]);
    let phase = async |token: &str, id: &str| {
        let one = bench.get(token, &format!("/api/v1/operations/{id}?tenant={slug}")).await;
        (one.status, one.body["operation"]["phase"].as_str().map(str::to_owned))
    };
    assert_eq!(phase(&admin, "op-now").await, (200, Some("Running".into())), "the status is newer");
    assert_eq!(phase(&admin, "op-1").await, (200, Some("Succeeded".into())));
    assert_eq!(phase(&admin, "op-before").await.0, 404, "another tenant's");
    assert_eq!(phase(&root, "op-before").await.0, 200);
    assert_eq!(bench.get(&admin, "/api/v1/operations?continue=yesterday").await.status, 400);
    let other = bench.tenant().await;
    assert_eq!(bench.get(&bench.admin_of(&other), "/api/v1/operations/op-1").await.status, 404);

    // Of a tenant that is gone the platform's people are told, and its own are not.
    tenants.delete(&slug, &DeleteParams::default()).await.unwrap();
    assert_eq!(phase(&admin, "op-1").await.0, 404);
    assert_eq!(bench.get(&admin, "/api/v1/operations").await.status, 404);
    assert_eq!(phase(&root, "op-1").await.0, 200);
    assert_eq!(all(&root, &named).await, ["op-now", "op-2a", "op-2b", "op-1", "op-before"]);
    assert_eq!(bench.get(&root, "/api/v1/operations?tenant=nobody").await.status, 404);
    bench.end(&[&other]).await;
}

/// All that are listed.
async fn ids_of(bench: &Bench, token: &str, query: &str) -> Vec<String> {
    let list = bench.get(token, &format!("/api/v1/operations?limit=500{query}")).await;
    assert_eq!(list.status, 200, "{list:?}");
    let items = list.body["items"].as_array().unwrap();
    items.iter().map(|item| item["operation"]["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn what_is_no_tenants_is_told_to_the_platforms_own_people_alone() {
    let Some(bench) = bench().await else { return };
    let slug = bench.tenant().await;
    let plugins: Api<Plugin> = Api::all(bench.client.clone());
    let id = bench.database.unique("crm");
    let entry = json!({
        "apiVersion": "plexica.io/v1alpha1", "kind": "Plugin", "metadata": { "name": format!("{id}-1.0.0") },
        "spec": { "id": id, "version": "1.0.0", "displayName": "CRM", "runtime": { "image": "crm:1" } },
    });
    make(&plugins, &entry).await;
    let [now, past] = ["now", "past"].map(|name| bench.database.unique(name));
    let status = Patch::Merge(json!({ "status": operation(&now, "Rollout", "2026-01-02T00:00:00Z") }));
    plugins.patch_status(&format!("{id}-1.0.0"), &PatchParams::default(), &status).await.unwrap();
    let at = "2026-01-01T00:00:00Z";
    let ended = json!({ "id": past, "kind": "Rollout", "phase": "Succeeded", "startedAt": at, "completedAt": at });
    let sql = "INSERT INTO core.operation (id, resource, name, resource_uid, phase, started_at, operation)
               VALUES ($1, 'Plugin', 'crm-0.9.0', 'gone', 'Succeeded', $2::text::timestamptz, $3)";
    let mut connection = bench.database.connect().await;
    sqlx::query(sql).bind(&past).bind(at).bind(ended).execute(&mut connection).await.unwrap();
    record(&bench, "op-theirs", &slug, "gone", 1).await;

    let (root, admin) = (bench.super_admin(), bench.admin_of(&slug));
    let listed = ids_of(&bench, &root, "").await;
    assert!(listed.contains(&now) && listed.contains(&past) && !listed.contains(&"op-theirs".to_owned()), "{listed:?}");
    assert_eq!(ids_of(&bench, &root, &format!("&tenant={slug}")).await, ["op-theirs"]);
    assert!(ids_of(&bench, &admin, "").await.is_empty());
    let of = async |token: &str, id: &str, query: &str| {
        let one = bench.get(token, &format!("/api/v1/operations/{id}{query}")).await;
        (one.status, one.body)
    };
    let unknown = of(&admin, "op-nothing", "").await;
    let named = format!("?tenant={slug}");
    for one in [&now, &past] {
        let (status, body) = of(&root, one, "").await;
        assert_eq!((status, &body["resource"], &body["operation"]["kind"]), (200, &json!("Plugin"), &json!("Rollout")));
        assert_eq!(of(&root, one, &named).await.0, 404, "it is not that tenant's");
        for query in ["", &named] {
            let (status, body) = of(&admin, one, query).await;
            assert_eq!(
                (status, &body["error"]["message"]),
                (404, &unknown.1["error"]["message"]),
                "as if it were none"
            );
        }
    }
    assert_eq!(of(&root, "op-theirs", "").await.0, 400, "it must say for whom");
    let user = bench.token("core-api", Some(&slug), &["user"]);
    assert_eq!(of(&user, &now, "").await.0, 403);
    let entry = bench.get(&user, &format!("/api/v1/plugins/{id}-1.0.0")).await;
    assert_eq!(entry.status, 200);
    assert!(!entry.body.to_string().contains(&now), "{entry:?}");
    plugins.delete(&format!("{id}-1.0.0"), &DeleteParams::default()).await.unwrap();
    bench.end(&[&slug]).await;
}
