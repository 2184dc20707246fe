//! Contacts through the API, on a real Postgres.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use plexica_sdk::TestHost;
use plexica_testkit::require;
use serde_json::{Value, json};

const ALL: [&str; 2] = ["crm:contacts:read", "crm:contacts:write"];

#[tokio::test]
async fn a_contact_lives() {
    let Some(postgres) = require!(postgres17) else { return };
    let host = TestHost::start_on(plexica_crm::plugin(), postgres.url().as_str()).await;
    let acme = host.install("acme").await;
    let ada = acme.as_user(ALL);

    let draft = json!({ "name": " Grace Hopper ", "email": "grace@navy.test", "company": "Navy" });
    let created = ada.post("/contacts", draft).await.expect(201);
    assert_eq!((&created["name"], &created["createdBy"]), (&json!("Grace Hopper"), &json!("ada")));
    let path = format!("/contacts/{}", created["id"].as_str().unwrap());
    assert_eq!(ada.get(&path).await.expect(200), created);

    let changed = ada.put(&path, json!({ "name": "Grace", "phone": "1" })).await.expect(200);
    assert_eq!((&changed["phone"], &changed["email"]), (&json!("1"), &Value::Null));
    ada.delete(&path).await.expect(204);
    ada.get(&path).await.expect(404);
    ada.put(&path, json!({ "name": "Grace" })).await.expect(404);
    ada.delete(&path).await.expect(404);
    ada.get("/contacts/no-id").await.expect(404);
}

#[tokio::test]
async fn one_tenants_contact_is_not_there_for_another() {
    let Some(postgres) = require!(postgres17) else { return };
    let host = TestHost::start_on(plexica_crm::plugin(), postgres.url().as_str()).await;
    let (acme, globex) = (host.install("acme").await, host.install("globex").await);
    let created = acme.as_user(ALL).post("/contacts", json!({ "name": "Grace" })).await.expect(201);
    let path = format!("/contacts/{}", created["id"].as_str().unwrap());

    let spy = globex.as_user(ALL);
    spy.get(&path).await.expect(404);
    spy.put(&path, json!({ "name": "Mine" })).await.expect(404);
    spy.delete(&path).await.expect(404);
    assert_eq!(spy.get("/contacts").await.expect(200)["items"], json!([]));
    assert_eq!(acme.as_user(ALL).get(&path).await.expect(200)["name"], "Grace");
}

#[tokio::test]
async fn each_verb_needs_its_permission() {
    let Some(postgres) = require!(postgres17) else { return };
    let host = TestHost::start_on(plexica_crm::plugin(), postgres.url().as_str()).await;
    let acme = host.install("acme").await;
    let (reader, writer) = (acme.as_user(["crm:contacts:read"]), acme.as_user(["crm:contacts:write"]));
    reader.post("/contacts", json!({ "name": "Grace" })).await.expect(403);
    writer.post("/contacts", json!({ "name": "Grace" })).await.expect(201);
    writer.get("/contacts").await.expect(403);
    reader.get("/contacts").await.expect(200);
    reader.get("/deals").await.expect(403);
}

#[tokio::test]
async fn what_breaks_a_rule_is_named() {
    let Some(postgres) = require!(postgres17) else { return };
    let host = TestHost::start_on(plexica_crm::plugin(), postgres.url().as_str()).await;
    let acme = host.install("acme").await;
    let ada = acme.as_user(ALL);
    ada.post("/contacts", json!({ "name": "Grace", "email": "Grace@navy.test" })).await.expect(201);
    for (draft, status, fields) in [
        (json!({}), 400, vec![""]),
        (json!({ "name": 7 }), 400, vec!["name"]),
        (json!({ "name": "Ada", "colour": "red" }), 400, vec!["colour"]),
        (json!({ "name": "", "email": "nobody" }), 422, vec!["name", "email"]),
        (json!({ "name": "Other", "email": "grace@NAVY.test" }), 409, vec!["email"]),
    ] {
        let answer = ada.post("/contacts", &draft).await.expect(status);
        let named: Vec<_> =
            answer["error"]["details"].as_array().unwrap().iter().map(|detail| &detail["field"]).collect();
        assert_eq!(named, fields, "{draft}");
    }
    for (query, field) in [("limit=0", "limit"), ("limit=x", "limit"), ("cursor=yesterday", "cursor")] {
        let answer = ada.get(&format!("/contacts?{query}")).await;
        assert_eq!(answer.status() / 100, 4);
        assert_eq!(answer.value()["error"]["details"][0]["field"], field, "{query}");
    }
}

#[tokio::test]
async fn pages_show_each_contact_once_while_others_come_and_go() {
    let Some(postgres) = require!(postgres17) else { return };
    let host = TestHost::start_on(plexica_crm::plugin(), postgres.url().as_str()).await;
    let acme = host.install("acme").await;
    let ada = acme.as_user(ALL);
    let mut ids = Vec::new();
    for number in 0..5 {
        let created = ada.post("/contacts", json!({ "name": format!("Contact {number}") })).await.expect(201);
        ids.push(created["id"].as_str().unwrap().to_owned());
    }
    let mut seen = Vec::new();
    let mut query = "/contacts?limit=2".to_owned();
    loop {
        let page = ada.get(&query).await.expect(200);
        seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()));
        // One comes and one that was seen goes: neither shifts what follows.
        ada.post("/contacts", json!({ "name": "Late" })).await.expect(201);
        ada.delete(&format!("/contacts/{}", seen[0])).await;
        let Some(cursor) = page["nextCursor"].as_str() else { break };
        query = format!("/contacts?limit=2&cursor={cursor}");
    }
    ids.reverse();
    assert_eq!(seen, ids);
}

#[tokio::test]
async fn filters_find_what_they_say() {
    let Some(postgres) = require!(postgres17) else { return };
    let host = TestHost::start_on(plexica_crm::plugin(), postgres.url().as_str()).await;
    let acme = host.install("acme").await;
    let ada = acme.as_user(ALL);
    for (name, email, company) in [
        ("Grace", "grace@navy.test", "Navy"),
        ("Alan", "alan@park.test", "100% Park"),
        ("Ada", "ada@acme.test", "Acme"),
    ] {
        ada.post("/contacts", json!({ "name": name, "email": email, "company": company })).await.expect(201);
    }
    for (query, names) in [
        ("search=GRACE", vec!["Grace"]),
        ("search=.test", vec!["Ada", "Alan", "Grace"]),
        ("search=%25", vec!["Alan"]),
        ("search=_", vec![]),
        ("email=ADA@acme.test", vec!["Ada"]),
        ("email=acme.test", vec![]),
        ("search=' OR 1=1 --", vec![]),
    ] {
        let page = ada.get(&format!("/contacts?{}", query.replace(' ', "%20"))).await.expect(200);
        let found: Vec<_> = page["items"].as_array().unwrap().iter().map(|item| &item["name"]).collect();
        assert_eq!(found, names, "{query}");
    }
}
