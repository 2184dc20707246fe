//! A tenant's plugins, in the hands of its administrators and nobody else's.

use http::Method;
use kube::Api;
use plexica_crds::PluginInstall;
use plexica_testkit::wait_until;
use serde_json::{Value, json};

use crate::harness::{Bench, SOON, bench, make, read};

async fn names(bench: &Bench, token: &str, query: &str) -> Vec<String> {
    let list = bench.get(token, &format!("/api/v1/installs{query}")).await;
    assert_eq!(list.status, 200, "{list:?}");
    let items = list.body["items"].as_array().unwrap().clone();
    items.iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
}

fn crm() -> Value {
    json!({ "spec": { "plugin": { "id": "crm", "version": "^1.4" }, "config": { "currency": "EUR" } } })
}

#[tokio::test]
async fn made_read_changed_and_deleted() {
    let Some(bench) = bench().await else { return };
    let slug = bench.tenant().await;
    let admin = bench.admin_of(&slug);
    let made = bench.call(&admin, Method::POST, "/api/v1/installs", Some(crm())).await;
    assert_eq!((made.status, made.location.as_str()), (201, "/api/v1/installs/crm"), "{made:?}");
    assert_eq!(made.body["spec"]["tenantRef"]["name"], slug);
    assert_eq!(made.body["spec"]["config"]["currency"], "EUR");
    let stored: PluginInstall =
        Api::namespaced(bench.client.clone(), &format!("tenant-{slug}")).get("crm").await.unwrap();
    assert_eq!(stored.spec.tenant_ref.name, slug);
    assert_eq!(names(&bench, &admin, "").await, ["crm"]);
    assert_eq!(bench.call(&admin, Method::POST, "/api/v1/installs", Some(crm())).await.status, 409);

    let patch = async |body: Value| bench.call(&admin, Method::PATCH, "/api/v1/installs/crm", Some(body)).await;
    let changed = patch(json!({ "spec": { "enabled": false } })).await;
    assert_eq!((changed.status, &changed.body["spec"]["enabled"]), (200, &json!(false)), "{changed:?}");
    let stolen = patch(json!({ "spec": { "tenantRef": { "name": "globex" } } })).await;
    assert_eq!((stolen.status, stolen.fields()), (422, vec!["spec.tenantRef"]));
    let other = patch(json!({ "spec": { "plugin": { "id": "files" } } })).await;
    assert_eq!(other.status, 422, "{other:?}");
    let unknown = patch(json!({ "spec": { "enabeld": true } })).await;
    assert!(matches!(unknown.status, 400 | 422), "{unknown:?}");
    let status = patch(json!({ "spec": {}, "status": { "route": { "path": "/", "upstream": "http://evil" } } })).await;
    assert_eq!((status.status, status.fields()), (400, vec!["status"]));

    // One that was applied together with the tenant, in the platform's namespace.
    let beside = json!({
        "apiVersion": "plexica.io/v1alpha1", "kind": "PluginInstall", "metadata": { "name": format!("files-{slug}") },
        "spec": { "tenantRef": { "name": slug }, "plugin": { "id": "files" } },
    });
    make(&Api::<PluginInstall>::namespaced(bench.client.clone(), &bench.namespace), &beside).await;
    let both = ["crm".to_owned(), format!("files-{slug}")];
    wait_until("both are listed", SOON, async || names(&bench, &admin, "").await == both).await;
    let first = bench.get(&admin, "/api/v1/installs?limit=1").await.body;
    let next = first["continue"].as_str().unwrap();
    assert_eq!(names(&bench, &admin, &format!("?limit=1&continue={next}")).await, both[1..]);
    assert_eq!(bench.get(&admin, &format!("/api/v1/installs/files-{slug}")).await.status, 200);

    assert_eq!(bench.call(&admin, Method::DELETE, "/api/v1/installs/crm", None).await.status, 202);
    assert_eq!(bench.get(&admin, "/api/v1/installs/crm").await.status, 404);
    bench.end(&[&slug]).await;
}

#[tokio::test]
async fn another_tenants_look_as_if_they_were_not_there() {
    let Some(bench) = bench().await else { return };
    let (acme, globex) = (bench.tenant().await, bench.tenant().await);
    let (admin, stranger) = (bench.admin_of(&acme), bench.admin_of(&globex));
    assert_eq!(bench.call(&admin, Method::POST, "/api/v1/installs", Some(crm())).await.status, 201);
    assert!(names(&bench, &stranger, "").await.is_empty());
    for (method, path) in [
        (Method::GET, "/api/v1/installs/crm".to_owned()),
        (Method::PATCH, "/api/v1/installs/crm".to_owned()),
        (Method::DELETE, "/api/v1/installs/crm".to_owned()),
        (Method::GET, format!("/api/v1/installs?tenant={acme}")),
        (Method::GET, format!("/api/v1/installs/crm?tenant={acme}")),
        (Method::POST, format!("/api/v1/installs?tenant={acme}")),
        (Method::DELETE, format!("/api/v1/installs/crm?tenant={acme}")),
    ] {
        let answer = bench.call(&stranger, method.clone(), &path, Some(crm())).await;
        assert_eq!(answer.status, 404, "{method} {path}: {answer:?}");
    }
    // Nor does a header choose the tenant.
    let forged = bench.request(Method::GET, "/api/v1/installs/crm").bearer_auth(&stranger);
    assert_eq!(read(forged.header("x-plexica-tenant", &acme)).await.status, 404);

    // A name leads to nothing but a resource of that name: this part of the path is decoded, and goes
    // into the Kubernetes API's.
    for path in [
        "/api/v1/installs/crm%3Fa=b".to_owned(),
        "/api/v1/installs/crm%23".to_owned(),
        "/api/v1/installs/crm%2Fstatus".to_owned(),
        "/api/v1/installs/.%2Fcrm".to_owned(),
        format!("/api/v1/installs/..%2F..%2Ftenant-{acme}%2Fplugininstalls%2Fcrm"),
        format!("/api/v1/plugins/..%2Ftenants%2F{acme}"),
        "/api/v1/plugins/%3Flimit=1".to_owned(),
        "/api/v1/plugins/..".to_owned(),
    ] {
        for token in [&admin, &stranger] {
            for method in [Method::GET, Method::PATCH, Method::DELETE] {
                let answer = bench.call(token, method.clone(), &path, Some(json!({ "spec": {} }))).await;
                assert!(matches!(answer.status, 404 | 405), "{method} {path}: {answer:?}");
            }
        }
    }
    assert_eq!(names(&bench, &admin, "").await, ["crm"]);

    let user = bench.token("core-api", Some(&acme), &["user"]);
    assert_eq!(bench.get(&user, "/api/v1/installs").await.status, 403);
    let root = bench.super_admin();
    assert_eq!(bench.get(&root, "/api/v1/installs").await.fields(), ["tenant"]);
    assert_eq!(names(&bench, &root, &format!("?tenant={acme}")).await, ["crm"]);
    assert_eq!(bench.get(&root, "/api/v1/installs?tenant=nobody").await.status, 404);
    bench.end(&[&acme, &globex]).await;
}
