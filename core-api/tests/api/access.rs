//! No route is open by accident.

use std::time::Duration;

use http::Method;
use plexica_core_api::http::routes;
use plexica_testkit::wait_until;
use serde_json::json;

use crate::harness::{SOON, bench, bench_that_serves_on, read};

#[tokio::test]
async fn each_route_refuses_who_brings_no_proof_of_its_kind() {
    let Some(bench) = bench().await else { return };
    let for_a_plugin = bench.token("plugin:crm", Some("acme"), &["admin", "super-admin"]);
    let mut open = Vec::new();
    for endpoint in routes().endpoints() {
        let path = endpoint.path.replace("{name}", "x").replace("{id}", "x");
        let request = || bench.request(endpoint.method.parse::<Method>().unwrap(), &path).json(&json!({}));
        let answer = read(request()).await;
        if answer.status != 401 {
            open.push(endpoint.path);
            continue;
        }
        assert_eq!(answer.body["error"]["code"], "UNAUTHENTICATED", "{endpoint:?}");
        assert!(answer.body["error"]["correlationId"].is_string(), "{endpoint:?}");
        for (why, answer) in [
            ("a token for a plugin", read(request().bearer_auth(&for_a_plugin)).await),
            ("no token", read(request().bearer_auth("abc")).await),
            ("a made-up credential", read(request().basic_auth("plugin:crm", Some("x"))).await),
            ("headers", read(request().header("x-plexica-tenant", "acme").header("x-plexica-user", "u1")).await),
        ] {
            assert_eq!(answer.status, 401, "{endpoint:?} with {why}");
        }
    }
    assert_eq!(open, ["/internal/v1/keys"], "public keys alone are for everybody");
    let user = bench.super_admin();
    assert_eq!(bench.get(&user, "/internal/v1/plugin/tenants").await.status, 401, "no user is a plugin");
    bench.end(&[]).await;
}

#[tokio::test]
async fn the_caller_and_what_is_not_there() {
    let Some(bench) = bench().await else { return };
    let token = bench.admin_of("acme");
    let me = bench.get(&token, "/api/v1/me").await.body;
    assert_eq!(
        me,
        json!({
            "sub": "u1", "username": "ada", "email": "ada@acme.test", "tenant": "acme",
            "roles": ["admin", "user"], "superAdmin": false,
        })
    );
    assert_eq!(bench.get(&bench.super_admin(), "/api/v1/me").await.body["superAdmin"], true);
    let impostor = bench.token("core-api", Some("acme"), &["super-admin"]);
    assert_eq!(bench.get(&impostor, "/api/v1/me").await.body["superAdmin"], false);
    assert_eq!(bench.get(&impostor, "/api/v1/tenants").await.status, 403);

    assert_eq!(bench.get(&token, "/api/v1/nothing").await.body["error"]["code"], "NOT_FOUND");
    let method = bench.call(&token, Method::DELETE, "/api/v1/me", None).await;
    assert_eq!((method.status, &method.body["error"]["code"]), (405, &json!("METHOD_NOT_ALLOWED")));
    assert_eq!(bench.get(&token, "/api/openapi.json").await.body["openapi"], "3.1.0");
    assert_eq!(bench.get(&token, "/api/v1/plugins?limit=0").await.fields(), ["limit"]);
    assert_eq!(bench.get(&token, "/api/v1/plugins").await.status, 200);
    assert_eq!(bench.get(&token, "/api/v1/plugins/none-1.0.0").await.status, 404);

    let twice = bench.request(Method::GET, "/api/v1/me").bearer_auth(&token).bearer_auth(&token);
    assert_eq!(read(twice).await.status, 401, "two tokens");
    bench.end(&[]).await;
}

#[tokio::test]
async fn a_suspended_tenants_token_of_a_moment_before_is_refused() {
    let Some(bench) = bench().await else { return };
    let slug = bench.tenant().await;
    let (admin, root, path) = (bench.admin_of(&slug), bench.super_admin(), format!("/api/v1/tenants/{slug}"));
    let suspend = async |suspend: bool| {
        let patch = json!({ "spec": { "suspend": suspend } });
        let answer = bench.call(&root, Method::PATCH, &path, Some(patch)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    };
    suspend(true).await;
    let me = async || bench.get(&admin, "/api/v1/me").await;
    wait_until("it is refused", SOON, async || me().await.status == 403).await;
    assert_eq!(me().await.body["error"]["code"], "TENANT_SUSPENDED");
    assert_eq!(bench.get(&root, &path).await.body["spec"]["suspend"], true, "who resumes it gets in");
    suspend(false).await;
    wait_until("it is resumed", SOON, async || me().await.status == 200).await;
    bench.end(&[&slug]).await;
}

#[tokio::test]
async fn told_to_stop_it_serves_on_for_who_has_not_heard_of_it() {
    let Some(bench) = bench_that_serves_on(SOON).await else { return };
    let token = bench.admin_of("acme");
    bench.shutdown.cancel();
    let ready = reqwest::get(format!("http://{}/readyz", bench.api.metrics_addr)).await.unwrap();
    assert_eq!((ready.status().as_u16(), ready.text().await.unwrap().as_str()), (503, "stopping\n"));
    assert_eq!(bench.get(&token, "/api/v1/me").await.status, 200);
    // What needs the database has it.
    let plugin = bench.request(Method::GET, "/internal/v1/plugin/tenants").basic_auth("plugin:crm", Some("x"));
    assert_eq!(read(plugin).await.status, 401);
}

#[tokio::test]
async fn it_does_not_serve_on_for_ever() {
    let Some(bench) = bench_that_serves_on(Duration::from_millis(100)).await else { return };
    bench.end(&[]).await;
}
