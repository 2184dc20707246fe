//! A super-admin's own token, through the gateway, to the core API, which writes resources with the
//! rights it has: all of it real.

use std::time::Duration;

use crate::support::start_dev;
use plexica_testkit::wait_until;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

#[tokio::test]
async fn a_super_admin_makes_changes_and_removes_what_the_operator_then_does() {
    plexica_testkit::tls();
    let folder = tempfile::tempdir().unwrap();
    let dev = start_dev(&folder.path().join("dev"));
    let api = format!("{}/api/v1", dev.text("gateway"));
    let client = Client::new();
    let root = dev.signed_in(&client, &dev.summary["superAdmin"]).await;
    let ada = dev.signed_in(&client, &dev.summary["tenants"][0]).await;
    let call = async |token: &str, method: Method, path: &str, body: Option<Value>| {
        let kind = if method == Method::PATCH { "application/merge-patch+json" } else { "application/json" };
        let mut request = client.request(method, format!("{api}{path}")).bearer_auth(token).header("if-match", "*");
        if let Some(body) = body {
            request = request.header("content-type", kind).body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        (status, answer.json::<Value>().await.unwrap_or_default())
    };

    let me = call(&root, Method::GET, "/me", None).await.1;
    assert_eq!((&me["superAdmin"], &me["tenant"]), (&json!(true), &Value::Null), "{me}");
    let beta = json!({ "name": "beta", "spec": { "displayName": "Beta", "deletionPolicy": "Delete" } });
    assert_eq!(call(&ada, Method::POST, "/tenants", Some(beta.clone())).await.0, StatusCode::FORBIDDEN);
    let (status, made) = call(&root, Method::POST, "/tenants", Some(beta)).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    dev.must(&["wait", "tenant/beta"]);
    assert_eq!(dev.sql("SELECT nspname FROM pg_namespace WHERE nspname = 'tenant_beta'"), "tenant_beta");

    let install = json!({ "name": "crm", "spec": { "plugin": { "id": "crm" }, "deletionPolicy": "Delete" } });
    let (status, made) = call(&root, Method::POST, "/installs?tenant=beta", Some(install)).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    dev.must(&["wait", "plugininstall/crm", "--namespace", "tenant-beta"]);
    let patch = json!({ "spec": { "displayName": "Beta Ltd" } });
    let (status, changed) = call(&root, Method::PATCH, "/tenants/beta", Some(patch)).await;
    assert_eq!((status, &changed["spec"]["displayName"]), (StatusCode::OK, &json!("Beta Ltd")), "{changed}");
    assert_eq!(call(&root, Method::GET, "/plugins", None).await.0, StatusCode::OK, "the catalogue is shown");

    let (status, answer) = call(&root, Method::DELETE, "/installs/crm?tenant=beta", None).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{answer}");
    let (status, answer) = call(&root, Method::DELETE, "/tenants/beta", None).await;
    assert_eq!(
        (status, &answer["error"]["details"][0]["field"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("confirm"))
    );
    let (status, _) = call(&root, Method::DELETE, "/tenants/beta?confirm=acme", None).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "another's name");
    assert_eq!(call(&root, Method::DELETE, "/tenants/beta?confirm=beta", None).await.0, StatusCode::ACCEPTED);
    wait_until("the tenant is gone", Duration::from_mins(1), async || {
        call(&root, Method::GET, "/tenants/beta", None).await.0 == StatusCode::NOT_FOUND
    })
    .await;
    assert_eq!(dev.sql("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'tenant_beta%'"), "");
    assert!(dev.stop().success());
}
