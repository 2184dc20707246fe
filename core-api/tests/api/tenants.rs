//! Tenants, from their making to their end.

use http::Method;
use plexica_testkit::unique;
use serde_json::{Value, json};

use crate::harness::{bench, read};

#[tokio::test]
async fn made_read_changed_and_deleted() {
    let Some(bench) = bench().await else { return };
    let (admin, slug) = (bench.super_admin(), unique("acme"));
    let path = format!("/api/v1/tenants/{slug}");
    let create = async |body: Value| bench.call(&admin, Method::POST, "/api/v1/tenants", Some(body)).await;

    let made = create(json!({ "name": slug, "spec": { "displayName": "Acme", "plan": "gold" } })).await;
    assert_eq!((made.status, made.location.as_str()), (201, path.as_str()), "{made:?}");
    assert_eq!(made.body["spec"]["deletionPolicy"], "Retain", "defaults are shown");
    assert_eq!(create(json!({ "name": slug, "spec": { "displayName": "Acme" } })).await.status, 409);

    let read_one = bench.get(&admin, &path).await;
    assert_eq!((read_one.status, &read_one.etag), (200, &made.etag));
    let patch = async |version: &str, body: Value| {
        let request = bench.request(Method::PATCH, &path).bearer_auth(&admin).header("if-match", version).json(&body);
        read(request.header("content-type", "application/merge-patch+json")).await
    };
    let changed = patch(&made.etag, json!({ "spec": { "displayName": "Acme Corp" } })).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    assert_eq!(changed.body["spec"]["displayName"], "Acme Corp");
    assert_eq!(changed.body["spec"]["plan"], "gold", "what is not named stays");
    assert_ne!(changed.etag, made.etag);
    let late = patch(&made.etag, json!({ "spec": { "displayName": "Late" } })).await;
    assert_eq!((late.status, &late.body["error"]["code"]), (409, &json!("CONFLICT")));
    let placed = patch("*", json!({ "spec": { "database": { "placement": "elsewhere" } } })).await;
    assert_eq!(placed.status, 422, "{placed:?}");
    assert!(placed.fields().iter().any(|field| field.starts_with("spec.database")), "{placed:?}");
    assert_eq!(patch("4711", json!({ "spec": {} })).await.fields(), ["If-Match"]);

    let late = bench.request(Method::DELETE, &path).bearer_auth(&admin).header("if-match", &made.etag);
    assert_eq!(read(late).await.status, 409);
    assert_eq!(bench.call(&admin, Method::DELETE, &path, None).await.status, 202);
    assert_eq!(bench.get(&admin, &path).await.status, 404);
    assert_eq!(bench.call(&admin, Method::DELETE, &path, None).await.status, 404);
    bench.end(&[&slug]).await;
}

#[tokio::test]
async fn data_goes_only_when_the_name_is_said_once_more_about_what_was_read() {
    let Some(bench) = bench().await else { return };
    let (slug, admin) = (bench.tenant().await, bench.super_admin());
    let path = format!("/api/v1/tenants/{slug}");
    let read_etag = async || bench.get(&admin, &path).await.etag;
    let first = read_etag().await;
    let policy = json!({ "spec": { "deletionPolicy": "Delete" } });
    assert_eq!(bench.call(&admin, Method::PATCH, &path, Some(policy)).await.status, 200);
    let delete = async |query: &str, etag: &str| {
        read(bench.request(Method::DELETE, &format!("{path}{query}")).bearer_auth(&admin).header("if-match", etag))
            .await
    };
    for query in ["", "?confirm=", "?confirm=globex"] {
        let refused = delete(query, "*").await;
        assert_eq!((refused.status, refused.fields()), (422, vec!["confirm"]), "{query}");
    }
    let confirm = format!("?confirm={slug}");
    assert_eq!(delete(&confirm, &first).await.status, 409, "it was changed since");
    assert_eq!(delete(&confirm, &read_etag().await).await.status, 202);
    assert_eq!(bench.get(&admin, &path).await.status, 404);
    bench.end(&[&slug]).await;
}

#[tokio::test]
async fn tenants_are_the_super_admins_alone() {
    let Some(bench) = bench().await else { return };
    let (acme, globex) = (bench.tenant().await, bench.tenant().await);
    let path = format!("/api/v1/tenants/{acme}");
    let new = json!({ "name": unique("initech"), "spec": { "displayName": "Initech" } });
    let change = json!({ "spec": { "displayName": "Theirs" } });
    let callers = [
        ("its administrator", bench.admin_of(&acme)),
        ("another's administrator", bench.admin_of(&globex)),
        ("a user", bench.token("core-api", Some(&acme), &["user"])),
        ("a tenant's role of that name", bench.token("core-api", Some(&acme), &["super-admin"])),
        ("a user of the platform without the role", bench.token("core-api", None, &["user"])),
    ];
    for (who, token) in &callers {
        for (method, path, body) in [
            (Method::POST, "/api/v1/tenants", Some(&new)),
            (Method::GET, path.as_str(), None),
            (Method::PATCH, &path, Some(&change)),
            (Method::DELETE, &path, None),
        ] {
            let mut request = bench.request(method.clone(), path).bearer_auth(token).header("if-match", "*");
            if let Some(body) = body {
                request = request.body(body.to_string()).header(
                    "content-type",
                    if method == Method::PATCH { "application/merge-patch+json" } else { "application/json" },
                );
            }
            let answer = read(request).await;
            assert_eq!((answer.status, &answer.body["error"]["code"]), (403, &json!("FORBIDDEN")), "{who}: {method}");
        }
    }
    let seen = bench.get(&bench.super_admin(), &path).await;
    assert_eq!(seen.body["spec"]["displayName"], "Acme");
    bench.end(&[&acme, &globex]).await;
}

#[tokio::test]
async fn mistakes_are_named_by_their_field() {
    let Some(bench) = bench().await else { return };
    let admin = bench.super_admin();
    for (body, status, field) in [
        (json!({ "name": "Not_A_Slug", "spec": { "displayName": "x" } }), 422, "name"),
        (json!({ "name": "acme-plugin-x", "spec": { "displayName": "x" } }), 422, "name"),
        (json!({ "name": unique("acme"), "spec": { "displayName": "" } }), 422, "spec.displayName"),
        (json!({ "name": unique("acme"), "spec": {} }), 400, "spec"),
        (json!({ "name": unique("acme"), "spec": { "displayName": 5 } }), 400, "spec.displayName"),
        (
            json!({ "name": unique("acme"), "spec": { "displayName": "x", "domains": ["a", 1] } }),
            400,
            "spec.domains[1]",
        ),
        (json!({ "name": unique("acme"), "spec": { "displayName": "x", "plann": "gold" } }), 400, "spec.plann"),
        (json!({ "spec": { "displayName": "x" } }), 400, "body"),
    ] {
        let answer = bench.call(&admin, Method::POST, "/api/v1/tenants", Some(body.clone())).await;
        assert_eq!((answer.status, answer.fields()), (status, vec![field]), "{body}: {answer:?}");
    }
    let post = |content_type: &str, body: String| {
        let request = bench.request(Method::POST, "/api/v1/tenants").bearer_auth(&admin);
        read(request.header("content-type", content_type).body(body))
    };
    for cut_off in ["", "{", r#"{"name": "acme", "spec": {"#] {
        let answer = post("application/json", cut_off.into()).await;
        assert_eq!((answer.status, answer.fields().len()), (400, 1), "{cut_off}: {answer:?}");
        assert!(matches!(answer.fields()[0], "body" | "spec"), "{cut_off}: {answer:?}");
    }
    assert_eq!(post("text/plain", "{}".into()).await.status, 415);
    assert_eq!(post("application/json", "x".repeat(600_000)).await.status, 413);
    bench.end(&[]).await;
}

#[tokio::test]
async fn lists_come_in_pages() {
    let Some(bench) = bench().await else { return };
    let admin = bench.super_admin();
    let mine = [bench.tenant().await, bench.tenant().await, bench.tenant().await];
    let (mut seen, mut next) = (Vec::new(), String::new());
    loop {
        let page = bench.get(&admin, &format!("/api/v1/tenants?limit=2&continue={next}")).await;
        assert_eq!(page.status, 200, "{page:?}");
        let items = page.body["items"].as_array().unwrap();
        assert!(items.len() <= 2);
        seen.extend(items.iter().map(|item| item["name"].as_str().unwrap().to_owned()));
        match page.body["continue"].as_str() {
            Some(end) => next = end.to_owned(),
            None => break,
        }
    }
    for slug in &mine {
        assert_eq!(seen.iter().filter(|name| *name == slug).count(), 1, "{slug} in {seen:?}");
    }
    let refused = bench.get(&bench.admin_of(&mine[0]), "/api/v1/tenants").await;
    assert_eq!((refused.status, &refused.body["error"]["code"]), (403, &json!("FORBIDDEN")));
    bench.end(&mine.each_ref().map(String::as_str)).await;
}
