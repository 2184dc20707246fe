//! Deals through the API, on a real Postgres.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use plexica_sdk::TestHost;
use plexica_testkit::require;
use serde_json::{Value, json};

const ALL: [&str; 4] = ["crm:contacts:read", "crm:contacts:write", "crm:deals:read", "crm:deals:write"];

#[tokio::test]
async fn a_deal_goes_through_the_tenants_own_stages() {
    let Some(postgres) = require!(postgres17) else { return };
    let host = TestHost::start_on(plexica_crm::plugin(), postgres.url().as_str()).await;
    let acme = host.install_with("acme", json!({ "stages": ["lead", "signed"], "currency": "CHF" })).await;
    let globex = host.install("globex").await;
    let (ada, gus) = (acme.as_user(ALL), globex.as_user(ALL));

    let deal = ada.post("/deals", json!({ "title": "Ship", "amountMinor": 995 })).await.expect(201);
    assert_eq!((&deal["stage"], &deal["currency"]), (&json!("lead"), &json!("CHF")));
    let path = format!("/deals/{}", deal["id"].as_str().unwrap());
    let moved = ada.put(&format!("{path}/stage"), json!({ "stage": "signed" })).await.expect(200);
    assert_eq!(moved["stage"], "signed");
    let refused = ada.put(&format!("{path}/stage"), json!({ "stage": "new" })).await.expect(422);
    assert_eq!(refused["error"]["details"][0]["field"], "stage");

    // The default configuration has other stages.
    let hers = gus.post("/deals", json!({ "title": "Ship", "amountMinor": 1, "stage": "won" })).await.expect(201);
    assert_eq!((&hers["stage"], &hers["currency"]), (&json!("won"), &json!("EUR")));
    gus.get(&path).await.expect(404);

    // Without a stage it stays where it is.
    let changed = ada.put(&path, json!({ "title": "Boat", "amountMinor": 5 })).await.expect(200);
    assert_eq!((&changed["title"], &changed["stage"]), (&json!("Boat"), &json!("signed")));
    ada.delete(&path).await.expect(204);
    ada.get(&path).await.expect(404);
}

#[tokio::test]
async fn a_deal_and_its_contact_hold_together() {
    let Some(postgres) = require!(postgres17) else { return };
    let host = TestHost::start_on(plexica_crm::plugin(), postgres.url().as_str()).await;
    let acme = host.install("acme").await;
    let ada = acme.as_user(ALL);
    let contact = ada.post("/contacts", json!({ "name": "Grace" })).await.expect(201);
    let id = contact["id"].as_str().unwrap();
    let draft = |contact: &str| json!({ "title": "Ship", "contactId": contact, "amountMinor": 1 });
    ada.post("/deals", draft(id)).await.expect(201);
    ada.delete(&format!("/contacts/{id}")).await.expect(409);

    let nobody = "0190b2f0-1d4e-7c3a-8b5f-3c2d1e0f9a8b";
    let refused = ada.post("/deals", draft(nobody)).await.expect(422);
    assert_eq!(refused["error"]["details"][0]["field"], "contactId");
}

#[tokio::test]
async fn filters_find_what_they_say() {
    let Some(postgres) = require!(postgres17) else { return };
    let host = TestHost::start_on(plexica_crm::plugin(), postgres.url().as_str()).await;
    let acme = host.install("acme").await;
    let ada = acme.as_user(ALL);
    let contact = ada.post("/contacts", json!({ "name": "Grace" })).await.expect(201);
    let id = contact["id"].as_str().unwrap();
    for (title, stage, contact) in [("One", "new", Some(id)), ("Two", "won", Some(id)), ("Three", "won", None)] {
        let draft = json!({ "title": title, "stage": stage, "contactId": contact, "amountMinor": 1 });
        ada.post("/deals", draft).await.expect(201);
    }
    for (query, titles) in [
        (String::new(), vec!["Three", "Two", "One"]),
        ("?stage=won".to_owned(), vec!["Three", "Two"]),
        (format!("?stage=won&contactId={id}"), vec!["Two"]),
        ("?limit=1".to_owned(), vec!["Three"]),
    ] {
        let page: Value = ada.get(&format!("/deals{query}")).await.expect(200);
        let found: Vec<_> = page["items"].as_array().unwrap().iter().map(|item| &item["title"]).collect();
        assert_eq!(found, titles, "{query}");
    }
    ada.get("/deals?contactId=Grace").await.expect(400);
}
