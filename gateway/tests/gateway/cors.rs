//! Which pages may call from a browser.

use http::Method;

use crate::harness::{Bench, claims};

async fn preflight(bench: &Bench, origin: &str) -> reqwest::Response {
    bench
        .http
        .request(Method::OPTIONS, bench.url("/api/plugins/crm/contacts"))
        .header("origin", origin)
        .header("access-control-request-method", "PATCH")
        .header("access-control-request-headers", "authorization")
        .send()
        .await
        .unwrap()
}

#[tokio::test]
async fn a_preflight_is_for_pages_of_some_tenant() {
    let bench = Bench::start().await;
    for origin in ["https://app.acme.test", "https://app.globex.test"] {
        let answer = preflight(&bench, origin).await;
        assert_eq!(answer.status(), 204);
        assert_eq!(answer.headers()["access-control-allow-origin"], origin);
        assert!(answer.headers()["access-control-allow-headers"].to_str().unwrap().contains("authorization"));
        assert!(answer.headers()["access-control-allow-methods"].to_str().unwrap().contains("PATCH"));
        assert!(answer.headers()["vary"].to_str().unwrap().contains("Origin"));
        assert!(!answer.headers().contains_key("access-control-allow-credentials"));
    }
    for origin in ["https://evil.test", "http://app.acme.test", "https://app.acme.test.evil.test", "null"] {
        let answer = preflight(&bench, origin).await;
        assert_eq!(answer.status(), 403, "{origin}");
        assert!(!answer.headers().contains_key("access-control-allow-origin"), "{origin}");
    }
    assert_eq!(bench.crm.count(), 0, "preflights end at the gateway");
}

#[tokio::test]
async fn an_answer_is_for_pages_of_its_own_tenant() {
    let bench = Bench::start().await;
    let token = bench.acme.token(&claims("tenant-acme"));
    for (path, origin, allowed) in [
        ("/api/plugins/crm/contacts", "https://app.acme.test", true),
        ("/api/plugins/crm/rude", "https://app.acme.test", true),
        ("/api/plugins/files/x", "https://app.acme.test", true),
        ("/api/plugins/crm/contacts", "https://app.globex.test", false),
        ("/api/plugins/crm/rude", "https://app.globex.test", false),
        ("/api/plugins/crm/contacts", "https://evil.test", false),
    ] {
        let answer = bench.http.get(bench.url(path)).bearer_auth(&token).header("origin", origin).send().await.unwrap();
        let named = answer.headers().get("access-control-allow-origin").map(|value| value.to_str().unwrap());
        assert_eq!(named, allowed.then_some(origin), "{path} from {origin}");
    }
    let refused =
        bench.http.get(bench.url("/api/v1/me")).header("origin", "https://app.acme.test").send().await.unwrap();
    assert_eq!(refused.status(), 401);
    assert_eq!(refused.headers()["access-control-allow-origin"], "https://app.acme.test", "a page can read why");
}
