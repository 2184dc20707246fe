//! What a client reads when a request cannot be answered.

use std::time::Duration;

use crate::common::{Calls, READ, WRITE, notes};
use plexica_sdk::{Limits, TestHost, contract::error::ErrorBody, sqlx::PgPool, test_host::Answer};
use plexica_testkit::{require, wait_until};
use serde_json::json;

#[tokio::test]
async fn each_refusal_is_json_with_a_stable_code_and_a_correlation_id() {
    let Some(postgres) = require!(postgres17) else { return };
    let calls = Calls::default();
    let host = TestHost::start_on(notes(&calls), postgres.url().as_str()).await;
    let acme = host.install("acme").await;
    let ada = acme.as_user([READ, WRITE]);
    let post = |body: &str, kind: &str| {
        ada.request(http::Method::POST, "/notes").header("content-type", kind.to_owned()).body(body.to_owned())
    };
    let json = "application/json";
    let large = format!(r#"{{"text":"{}"}}"#, "x".repeat(1024 * 1024));
    let nul = r#"{"text":"\u0000"}"#;
    for (request, status, code, field) in [
        (post("{", json), 400, "BAD_REQUEST", Some("")),
        (post(r#"{"text":7}"#, json), 400, "BAD_REQUEST", Some("text")),
        (post(r#"{"text":"a","tags":[{"name":"b"},{}]}"#, json), 400, "BAD_REQUEST", Some("tags[1]")),
        (post("text=a", "application/x-www-form-urlencoded"), 415, "UNSUPPORTED_MEDIA_TYPE", None),
        (post(&large, json), 413, "PAYLOAD_TOO_LARGE", None),
        (ada.request(http::Method::GET, "/nothing"), 404, "NOT_FOUND", None),
        (ada.request(http::Method::GET, "/_plexica/nothing"), 404, "NOT_FOUND", None),
        (ada.request(http::Method::DELETE, "/notes"), 405, "METHOD_NOT_ALLOWED", None),
        (ada.request(http::Method::GET, "/panics"), 500, "INTERNAL", None),
    ] {
        let answer = Answer::of(request).await;
        answer.expect(status);
        let ErrorBody { error } = answer.json();
        assert_eq!(serde_json::to_value(error.code).unwrap(), code);
        assert_eq!(error.details.first().map(|detail| detail.field.as_str()), field, "{code}");
        assert_eq!(error.correlation_id.as_deref(), answer.header("x-correlation-id"), "{code}");
        assert!(error.correlation_id.is_some() && !answer.text().contains("secret reason"), "{code}");
    }
    assert_eq!(calls.count(), 0, "a handler ran");
    let allow = ada.delete("/notes").await.header("allow").map(str::to_owned).unwrap();
    assert!(allow.contains("GET") && allow.contains("POST"), "{allow}");
    // What the database cannot store is the client's mistake, not a fault.
    Answer::of(post(nul, json)).await.expect(400);
}

#[tokio::test]
async fn the_gateways_correlation_id_is_kept_and_any_other_text_is_not() {
    let Some(postgres) = require!(postgres17) else { return };
    let host = TestHost::start_on(notes(&Calls::default()), postgres.url().as_str()).await;
    let ask = async |id: &str| {
        let answer = Answer::of(host.http(http::Method::GET, "/notes").header("x-correlation-id", id)).await;
        answer.header("x-correlation-id").map(str::to_owned)
    };
    let id = "0190b2f0-1d4e-7c3a-8b5f-3c2d1e0f9a8b";
    assert_eq!(ask(id).await.as_deref(), Some(id));
    assert_ne!(ask("grep-me").await.as_deref(), Some("grep-me"));
}

#[tokio::test]
async fn a_route_for_everybody_needs_no_token() {
    let Some(postgres) = require!(postgres17) else { return };
    let host = TestHost::start_on(notes(&Calls::default()), postgres.url().as_str()).await;
    let answer = Answer::of(host.http(http::Method::GET, "/open")).await;
    assert_eq!((answer.status(), answer.text().as_str()), (200, "anybody"));
}

#[tokio::test]
async fn a_slow_statement_is_ended() {
    let Some(postgres) = require!(postgres17) else { return };
    let limits = Limits { statement: Duration::from_millis(50), ..Limits::default() };
    let host = TestHost::start_on(notes(&Calls::default()).limits(limits), postgres.url().as_str()).await;
    let acme = host.install("acme").await;
    let answer = acme.as_user([READ]).get("/sleepy").await;
    assert_eq!(answer.expect(504)["error"]["code"], "TIMEOUT");
}

#[tokio::test]
async fn health_is_the_process_and_with_a_tenant_its_schema() {
    let Some(postgres) = require!(postgres17) else { return };
    let host = TestHost::start_on(notes(&Calls::default()), postgres.url().as_str()).await;
    let health =
        async |query: &str| Answer::of(host.http(http::Method::GET, &format!("/_plexica/health{query}"))).await;
    assert_eq!(health("").await.expect(200), json!({ "status": "ok", "plugin": "notes", "version": "1.0.0" }));
    health("?tenant=acme").await.expect(404);
    health("?tenant=No+Slug").await.expect(400);

    // Listed before it was migrated.
    let known = host.prepare("acme", json!({})).await;
    host.platform().list(known);
    wait_until("the tenant is known", Duration::from_secs(20), async || health("?tenant=acme").await.status() != 404)
        .await;
    health("?tenant=acme").await.expect(503);
    host.install("acme").await;
    assert_eq!(health("?tenant=acme").await.expect(200)["tenant"], "acme");
}

#[tokio::test]
async fn what_is_being_answered_is_answered_before_it_stops() {
    let Some(postgres) = require!(postgres17) else { return };
    let limits = Limits { statement: Duration::from_secs(2), ..Limits::default() };
    let host = TestHost::start_on(notes(&Calls::default()).limits(limits), postgres.url().as_str()).await;
    let acme = host.install("acme").await;
    let ada = acme.as_user([READ]);
    let slow = ada.get("/sleepy");
    let stop = async {
        let sessions = plexica_sdk::sqlx::PgPool::connect(postgres.url().as_str()).await.unwrap();
        crate::common::sleeping(&sessions, &acme.known().role).await;
        host.stop();
        wait_until("it takes no new connections", Duration::from_secs(30), async || {
            host.http(http::Method::GET, "/open").send().await.is_err()
        })
        .await;
    };
    let (answer, ()) = tokio::join!(slow, stop);
    answer.expect(504);
}

#[tokio::test]
async fn a_request_that_does_not_end_does_not_hold_up_the_stop() {
    let Some(postgres) = require!(postgres17) else { return };
    let limits = Limits { drain: Duration::from_millis(200), statement: Duration::from_mins(1), ..Limits::default() };
    let host = TestHost::start_on(notes(&Calls::default()).limits(limits), postgres.url().as_str()).await;
    let acme = host.install("acme").await;
    let role = acme.known().role.clone();
    let request = acme.as_user([READ]).request(http::Method::GET, "/sleepy");
    let request = tokio::spawn(request.send());
    crate::common::sleeping(&PgPool::connect(postgres.url().as_str()).await.unwrap(), &role).await;
    tokio::time::timeout(Duration::from_secs(20), host.stopped()).await.expect("an end before the request's");
    request.abort();
}
