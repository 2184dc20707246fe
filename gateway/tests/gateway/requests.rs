//! The line itself: whose request goes where, and what is said there.

use std::{sync::atomic::Ordering, time::Duration};

use plexica_contract::token::Subject;
use plexica_gateway::Limits;
use plexica_testkit::wait_until;
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, net::TcpStream, time::timeout};

use crate::{
    harness::{Bench, PATIENCE, claims, limits},
    resources::{install, snapshot, tenant, with},
};

#[tokio::test]
async fn a_plugin_learns_who_is_calling_from_the_gateway_alone() {
    let bench = Bench::start().await;
    let token = bench.acme.token(&claims("tenant-acme"));
    let id = "0190163d-8694-739b-aea5-966c26f8ad91";
    let answer = bench
        .http
        .post(bench.url("/api/plugins/crm/contacts/%61?q=a%20b&x=/../"))
        .bearer_auth(&token)
        .header("x-plexica-tenant", "globex")
        .header("x-plexica-user", "root")
        .header("x-forwarded-for", "10.0.0.1")
        .header("forwarded", "for=10.0.0.1")
        .header("cookie", "session=1")
        .header("x-correlation-id", id)
        .header("accept-language", "it")
        .body("hello")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["x-correlation-id"], id);
    let seen: Value = answer.json().await.unwrap();
    assert_eq!(seen["method"], "POST");
    assert_eq!(seen["uri"], "/contacts/a?q=a%20b&x=/../");
    for (name, value) in [
        ("x-plexica-tenant", json!(["acme"])),
        ("x-plexica-user", json!(["u1"])),
        ("x-forwarded-for", json!(["127.0.0.1"])),
        ("x-forwarded-proto", json!(["http"])),
        ("x-forwarded-host", json!([bench.gateway.addr.to_string()])),
        ("x-forwarded-prefix", json!(["/api/plugins/crm"])),
        ("x-correlation-id", json!([id])),
        ("accept-language", json!(["it"])),
        ("content-length", json!(["5"])),
        ("cookie", Value::Null),
        ("forwarded", Value::Null),
    ] {
        assert_eq!(seen["headers"][name], value, "{name}");
    }
    assert!(!seen.to_string().contains(&token), "the user's own token left the gateway");

    let platform = bench.verified(&seen, "plugin:crm");
    assert_eq!(platform.tenant, Some("acme".parse().unwrap()));
    assert!(platform.exp - platform.iat <= 60);
    let Subject::User { sub, username, permissions, roles, .. } = platform.subject else { panic!("not a user") };
    assert_eq!((sub.as_str(), username.as_deref()), ("u1", Some("ada")));
    assert_eq!(permissions, ["crm:contacts:read"]);
    assert!(roles.contains(&"user".to_owned()));
}

#[tokio::test]
async fn a_suspended_tenants_users_are_told_so_and_nobody_else_is() {
    let bench = Bench::start().await;
    let installs =
        [install("tenant-acme", "acme", &bench.crm.url()), install("tenant-globex", "globex", &bench.other_crm.url())];
    let suspended = with(tenant("acme"), "/spec/suspend", json!(true));
    bench.feed.publish(snapshot(&[suspended, tenant("globex")], &installs));
    let get = |path: &str, token: &str| bench.http.get(bench.url(path)).bearer_auth(token).send();
    let (acme, globex) = (bench.acme.token(&claims("tenant-acme")), bench.globex.token(&claims("tenant-globex")));
    for path in ["/api/plugins/crm/contacts", "/api/plugins/none/x", "/api/v1/me"] {
        let answer = get(path, &acme).await.unwrap();
        assert_eq!(answer.status(), 403, "{path}");
        assert_eq!(answer.json::<Value>().await.unwrap()["error"]["code"], "TENANT_SUSPENDED", "{path}");
    }
    let forged = bench.globex.token(&claims("tenant-acme"));
    assert_eq!(get("/api/v1/me", &forged).await.unwrap().status(), 401, "who does not prove to be its user");
    assert_eq!((bench.crm.count(), bench.other_crm.count()), (0, 0));
    assert_eq!(get("/api/plugins/crm/contacts", &globex).await.unwrap().status(), 200);
    bench.publish(&installs);
    assert_eq!(get("/api/plugins/crm/contacts", &acme).await.unwrap().status(), 200);
}

#[tokio::test]
async fn two_tenants_with_the_same_plugin_do_not_meet() {
    let bench = Bench::start().await;
    for (pair, realm, tenant, path) in [
        (&bench.acme, "tenant-acme", "acme", "/api/plugins/crm/contacts"),
        (&bench.globex, "tenant-globex", "globex", "/api/plugins/crm/contacts?tenant=acme"),
    ] {
        let request = bench.http.get(bench.url(path)).bearer_auth(pair.token(&claims(realm)));
        let seen: Value = request.header("x-plexica-tenant", "acme").send().await.unwrap().json().await.unwrap();
        assert_eq!(bench.verified(&seen, "plugin:crm").tenant, Some(tenant.parse().unwrap()));
        assert_eq!(seen["headers"]["x-plexica-tenant"], json!([tenant]));
    }
    assert_eq!((bench.crm.count(), bench.other_crm.count()), (1, 1));
}

#[tokio::test]
async fn the_core_api_gets_tokens_of_its_own() {
    let bench = Bench::start().await;
    for path in ["/api/v1/me", "/api/openapi.json"] {
        let seen: Value = bench.get(path).await.json().await.unwrap();
        assert_eq!(seen["uri"], path);
        let Subject::User { permissions, .. } = bench.verified(&seen, "core-api").subject else { panic!("not a user") };
        assert!(permissions.is_empty());
    }
    let admin = bench.platform.token(&claims("plexica"));
    let request = bench.http.get(bench.url("/api/v1/tenants")).bearer_auth(&admin);
    let seen: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(bench.verified(&seen, "core-api").tenant, None);
    assert_eq!(seen["headers"]["x-plexica-tenant"], Value::Null);
    assert_eq!(bench.status(&admin).await, 404, "the platform's users have no plugins");
}

#[tokio::test]
async fn what_is_not_there_or_not_the_callers_is_404() {
    let bench = Bench::start().await;
    for path in [
        "/",
        "/api/plugins/files/x",
        "/api/plugins/crm2/x",
        "/api/plugins/crm/_plexica/lifecycle",
        "/api/plugins/crm/%5Fplexica/lifecycle",
        "/internal/v1/keys",
        "/internal/v1/plugin/tenants",
        "/metrics",
        "/healthz",
    ] {
        let answer = bench.get(path).await;
        assert_eq!(answer.status(), 404, "{path}");
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["error"]["code"], "NOT_FOUND", "{path}");
    }
    assert_eq!(bench.crm.count() + bench.core_api.count(), 0);

    bench.publish(&[install("tenant-globex", "globex", &bench.other_crm.url())]);
    assert_eq!(bench.get("/api/plugins/crm/x").await.status(), 404, "another tenant's plugin looks the same");
    let withdrawn = with(install("tenant-acme", "acme", &bench.crm.url()), "/status/route", Value::Null);
    bench.publish(&[withdrawn]);
    assert_eq!(bench.get("/api/plugins/crm/x").await.status(), 404);
    assert_eq!(bench.crm.count(), 0);
}

#[tokio::test]
async fn paths_with_two_readings_are_400() {
    let bench = Bench::start().await;
    let token = bench.acme.token(&claims("tenant-acme"));
    for path in [
        "/api/plugins/crm/../../v1/me",
        "/api/plugins/crm/%2e%2e/x",
        "/api/plugins/crm/..%2fx",
        "/api/plugins/crm//x",
        "//api/plugins/crm/x",
        "/api/plugins/crm\\x",
        "/api/plugins/crm/%00",
        "/api/plugins/crm/./x",
    ] {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n"
        );
        let answer = bench.raw(&request).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{path}: {answer}");
    }
    assert_eq!(bench.crm.count() + bench.core_api.count(), 0);
}

#[tokio::test]
async fn plugins_set_no_cookies_and_open_no_doors_to_browsers() {
    let bench = Bench::start().await;
    let answer = bench.get("/api/plugins/crm/rude").await;
    assert_eq!(answer.status(), 200);
    assert!(!answer.headers().contains_key("set-cookie"));
    assert!(!answer.headers().contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn answers_are_streamed() {
    let bench = Bench::start().await;
    let mut answer = bench.get("/api/plugins/crm/stream").await;
    assert_eq!(answer.chunk().await.unwrap().unwrap(), "first", "before the upstream has the rest");
    bench.crm.release.notify_one();
    assert_eq!(answer.chunk().await.unwrap().unwrap(), "second");
    assert!(answer.chunk().await.unwrap().is_none());
}

#[tokio::test]
async fn a_client_that_goes_away_takes_its_request_along() {
    let bench = Bench::start().await;
    let token = bench.acme.token(&claims("tenant-acme"));
    let mut stream = TcpStream::connect(bench.gateway.addr).await.unwrap();
    let request =
        format!("GET /api/plugins/crm/hang HTTP/1.1\r\nHost: a.test\r\nAuthorization: Bearer {token}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    wait_until("the upstream has it", PATIENCE, async || bench.crm.count() == 1).await;
    drop(stream);
    let cancelled = async || bench.crm.cancelled.load(Ordering::SeqCst) == 1;
    wait_until("the upstream's request is cancelled", PATIENCE, cancelled).await;
}

#[tokio::test]
async fn requests_under_way_end_before_the_gateway_does() {
    let bench = Bench::start().await;
    let token = bench.acme.token(&claims("tenant-acme"));
    let request = bench.http.get(bench.url("/api/plugins/crm/hang")).bearer_auth(token);
    let under_way = tokio::spawn(request.send());
    wait_until("the upstream has it", PATIENCE, async || bench.crm.count() == 1).await;
    bench.shutdown.cancel();
    let refused = async || TcpStream::connect(bench.gateway.addr).await.is_err();
    wait_until("no new connections are taken", PATIENCE, refused).await;
    bench.crm.release.notify_one();
    assert_eq!(under_way.await.unwrap().unwrap().text().await.unwrap(), "released");
    bench.gateway.stopped().await.unwrap();
}

#[tokio::test]
async fn asked_to_stop_it_serves_on_for_who_has_not_heard_of_it() {
    let serving_on = Limits { shutdown_delay: PATIENCE, ..limits() };
    let bench = Bench::with(serving_on, |_| {}).await;
    assert_eq!(bench.get("/api/plugins/crm/x").await.status(), 200);
    bench.shutdown.cancel();
    let ready = reqwest::get(format!("http://{}/readyz", bench.gateway.metrics_addr)).await.unwrap();
    assert_eq!((ready.status().as_u16(), ready.text().await.unwrap().as_str()), (503, "stopping\n"));
    let token = bench.acme.token(&claims("tenant-acme"));
    let request = format!(
        "GET /api/plugins/crm/x HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    assert!(bench.raw(&request).await.starts_with("HTTP/1.1 200"), "a new connection");
}

#[tokio::test]
async fn it_does_not_serve_on_for_ever() {
    let serving_on = Limits { shutdown_delay: Duration::from_millis(100), ..limits() };
    let bench = Bench::with(serving_on, |_| {}).await;
    bench.shutdown.cancel();
    timeout(PATIENCE, bench.gateway.stopped()).await.expect("it ends").unwrap();
}

#[tokio::test]
async fn before_it_knows_anything_it_says_so() {
    let bench = Bench::empty(limits(), |_| {}).await;
    let ready = async || {
        let url = format!("http://{}/readyz", bench.gateway.metrics_addr);
        reqwest::get(url).await.unwrap().status().as_u16()
    };
    assert_eq!(ready().await, 503);
    assert_eq!(bench.get("/api/plugins/crm/x").await.status(), 503);
    bench.publish(&[install("tenant-acme", "acme", &bench.crm.url())]);
    assert_eq!(ready().await, 503, "without a signing key");
    assert_eq!(bench.get("/api/plugins/crm/x").await.status(), 503);
    bench.feed.sign_with(bench.signing.signing.clone());
    assert_eq!(ready().await, 200);
    assert_eq!(bench.get("/api/plugins/crm/x").await.status(), 200);
    let metrics = reqwest::get(format!("http://{}/metrics", bench.gateway.metrics_addr)).await.unwrap();
    let metrics = metrics.text().await.unwrap();
    assert!(metrics.contains(r#"plexica_gateway_requests_total{target="plugin:crm",status="200"} 1"#), "{metrics}");
}
