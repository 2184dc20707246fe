//! The line itself: a user's token, the gateway, the plugin, a row in the tenant's own schema.

use crate::support::start_dev;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

const TENANT_TWO: &str = "
apiVersion: plexica.io/v1alpha1
kind: Tenant
metadata: {name: beta}
spec: {displayName: Beta, admin: {email: bob@beta.test}}
---
apiVersion: plexica.io/v1alpha1
kind: PluginInstall
metadata: {name: beta-crm, namespace: plexica-system}
spec: {tenantRef: {name: beta}, plugin: {id: crm}}
";

async fn contacts(client: &Client, gateway: &str, token: &str) -> (StatusCode, Value) {
    let response = client.get(format!("{gateway}/api/plugins/crm/contacts")).bearer_auth(token).send().await.unwrap();
    (response.status(), response.json().await.unwrap())
}

#[tokio::test]
async fn a_user_reaches_their_own_tenants_rows_and_no_others() {
    plexica_testkit::tls();
    let folder = tempfile::tempdir().unwrap();
    let dev = start_dev(&folder.path().join("dev"));
    let gateway = dev.text("gateway").to_owned();
    let client = Client::new();

    // Tenant one, with the password grant, as the printed line does it.
    let ada = dev.signed_in(&client, &dev.summary["tenants"][0]).await;
    let created = client
        .post(format!("{gateway}/api/plugins/crm/contacts"))
        .bearer_auth(&ada)
        .json(&json!({"name": "Grace Hopper", "email": "grace@navy.test"}))
        .send()
        .await
        .unwrap();
    assert_eq!(created.status(), StatusCode::CREATED, "{}", created.text().await.unwrap());
    assert_eq!(dev.sql("SELECT name FROM tenant_acme_plugin_crm.contacts"), "Grace Hopper");
    assert_eq!(
        dev.sql(
            "SELECT tableowner FROM pg_tables WHERE schemaname = 'tenant_acme_plugin_crm' AND tablename = 'contacts'"
        ),
        "tenant_acme_plugin_crm",
        "written and owned under the tenant's role"
    );

    // Tenant two, applied with the command for people without kubectl.
    let file = folder.path().join("two.yaml");
    std::fs::write(&file, TENANT_TWO).unwrap();
    dev.must(&["apply", "-f", file.to_str().unwrap()]);
    dev.must(&["wait", "tenant/beta"]);
    dev.must(&["wait", "plugininstall/beta-crm", "--namespace", "plexica-system"]);
    let bob = dev.token("beta", "bob@beta.test");
    let (status, empty) = plexica_testkit::wait_for("beta's route", std::time::Duration::from_secs(30), async || {
        let (status, body) = contacts(&client, &gateway, &bob).await;
        (status == StatusCode::OK).then_some((status, body))
    })
    .await;
    assert_eq!((status, empty["items"].as_array().map(Vec::len)), (StatusCode::OK, Some(0)), "{empty}");

    // Tenant one's token with every header that might say "tenant two".
    for (name, value) in [
        ("x-plexica-tenant", "beta"),
        ("x-tenant-id", "beta"),
        ("x-forwarded-host", "beta.example.test"),
        ("host", "beta.example.test"),
        ("x-original-url", "/api/plugins/crm/contacts?tenant=beta"),
        ("x-http-method-override", "DELETE"),
    ] {
        let response = client
            .get(format!("{gateway}/api/plugins/crm/contacts?tenant=beta"))
            .bearer_auth(&ada)
            .header(name, value)
            .send()
            .await
            .unwrap();
        let body: Value = response.json().await.unwrap();
        assert_eq!(body["items"].as_array().map(Vec::len), Some(1), "{name}: {body}");
    }
    let id = dev.sql("SELECT id FROM tenant_acme_plugin_crm.contacts");
    let foreign =
        client.get(format!("{gateway}/api/plugins/crm/contacts/{id}")).bearer_auth(&bob).send().await.unwrap();
    assert_eq!(foreign.status(), StatusCode::NOT_FOUND, "tenant two asks for tenant one's row");

    // Without a token, and with one that is not from here.
    let none = client.get(format!("{gateway}/api/plugins/crm/contacts")).send().await.unwrap();
    assert_eq!(none.status(), StatusCode::UNAUTHORIZED);
    let (status, _) = contacts(&client, &gateway, "e30.e30.e30").await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);

    // The core API knows who is asking.
    let me: Value =
        client.get(format!("{gateway}/api/v1/me")).bearer_auth(&ada).send().await.unwrap().json().await.unwrap();
    assert_eq!(me["tenant"], "acme", "{me}");
    let tenants = client.get(format!("{gateway}/api/v1/tenants")).bearer_auth(&ada).send().await.unwrap();
    assert_eq!(tenants.status(), StatusCode::FORBIDDEN, "tenants are for super-admins");

    // Who is printed as super-admin is one.
    let root = dev.signed_in(&client, &dev.summary["superAdmin"]).await;
    let tenants = client.get(format!("{gateway}/api/v1/tenants")).bearer_auth(&root).send().await.unwrap();
    assert_eq!(tenants.status(), StatusCode::OK);
    let tenants: Value = tenants.json().await.unwrap();
    assert_eq!(tenants["items"].as_array().map(Vec::len), Some(2), "{tenants}");
}
