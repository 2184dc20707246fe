//! A tenant is suspended while its users work.

use std::time::{Duration, Instant};

use crate::support::{Dev, start_dev};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

/// What the platform promises; a machine that does other things as well may need longer, and this
/// test is about what is answered.
const SOON: Duration = Duration::from_secs(20);

#[tokio::test]
async fn tokens_of_before_are_refused_and_the_data_is_there_after() {
    plexica_testkit::tls();
    let folder = tempfile::tempdir().unwrap();
    let dev = start_dev(&folder.path().join("dev"));
    let (gateway, client, token) = (dev.text("gateway").to_owned(), Client::new(), dev.token("acme", "grace"));
    let contacts = format!("{gateway}/api/plugins/crm/contacts");
    let created =
        client.post(&contacts).bearer_auth(&token).json(&json!({ "name": "Grace Hopper" })).send().await.unwrap();
    assert_eq!(created.status(), StatusCode::CREATED);
    let get = async |url: &str| {
        let answer = client.get(url).bearer_auth(&token).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let suspend = |dev: &Dev, suspend: bool| {
        let file = folder.path().join("acme.yaml");
        let tenant = json!({
            "apiVersion": "plexica.io/v1alpha1", "kind": "Tenant", "metadata": { "name": "acme" },
            "spec": { "displayName": "Acme", "suspend": suspend },
        });
        std::fs::write(&file, tenant.to_string()).unwrap();
        dev.must(&["apply", "-f", file.to_str().unwrap()]);
    };

    suspend(&dev, true);
    let began = Instant::now();
    for url in [&contacts, &format!("{gateway}/api/v1/me")] {
        let (status, body) = plexica_testkit::wait_for("it is refused", SOON, async || {
            let (status, body) = get(url).await;
            (status != 200).then_some((status, body))
        })
        .await;
        assert_eq!((status, body["error"]["code"].as_str()), (403, Some("TENANT_SUSPENDED")), "{body}");
    }
    println!("refused after {:?}", began.elapsed());
    plexica_testkit::wait_until("it is said", SOON, async || dev.must(&["get", "tenants"]).contains("Suspended")).await;

    // A start does not wait for what is not to answer.
    assert!(dev.stop().success());
    let began = Instant::now();
    let dev = start_dev(&folder.path().join("dev"));
    assert!(began.elapsed() < Duration::from_secs(40), "it waited for the suspended tenant");
    assert_eq!(dev.summary["warnings"], serde_json::json!([]), "it waited for the suspended tenant");
    let gateway = dev.text("gateway").to_owned();
    assert_eq!(get(&format!("{gateway}/api/v1/me")).await.0, 403);
    suspend(&dev, false);
    let (_, found) = plexica_testkit::wait_for("it is served again", SOON, async || {
        let (status, body) = get(&format!("{gateway}/api/plugins/crm/contacts")).await;
        (status == 200).then_some((status, body))
    })
    .await;
    assert_eq!(found["items"][0]["name"], "Grace Hopper", "{found}");
}
