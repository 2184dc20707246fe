//! Tokens that do not hold: 401 each, and nobody behind the gateway hears of them.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use crate::{
    harness::{Bench, Pair, claims, now},
    resources::with,
};

fn acme() -> Value {
    claims("tenant-acme")
}

fn of(pointer: &str, to: Value) -> Value {
    with(acme(), pointer, to)
}

fn header(pair: &Pair, change: impl FnOnce(&mut Header)) -> Header {
    let mut header = pair.header();
    change(&mut header);
    header
}

#[tokio::test]
async fn none_that_does_not_hold_gets_through() {
    let bench = Bench::start().await;
    let acme_key = &bench.acme;
    assert_eq!(bench.status(&acme_key.token(&acme())).await, 200, "the one that holds");
    assert_eq!(bench.status(&acme_key.token(&of("/aud", json!("plexica")))).await, 200, "one audience as a string");
    let before = bench.crm.count();

    let good = acme_key.token(&acme());
    let parts: Vec<&str> = good.split('.').collect();
    let alg_none =
        URL_SAFE_NO_PAD.encode(json!({ "alg": "none", "typ": "JWT", "kid": acme_key.header().kid }).to_string());
    let kid = acme_key.header().kid.clone();
    let other_algorithm = URL_SAFE_NO_PAD.encode(json!({ "alg": "ES384", "typ": "JWT", "kid": kid }).to_string());
    let confused = |secret: &[u8]| {
        let mut header = Header::new(Algorithm::HS256);
        header.kid.clone_from(&kid);
        encode(&header, &acme(), &EncodingKey::from_secret(secret)).unwrap()
    };
    let public = serde_json::to_vec(&acme_key.public().0.keys[0]).unwrap();
    let public_pem = rcgen::KeyPair::from_pem(&acme_key.pem).unwrap().public_key_pem();

    for (why, token) in [
        ("another's signature under a known key id", Pair::new().sign(&acme_key.header(), &acme())),
        (
            "a signature of another payload",
            format!("{}.{}.{}", parts[0], good_payload(&of("/sub", json!("u2"))), parts[2]),
        ),
        ("alg none", format!("{alg_none}.{}.", parts[1])),
        ("alg none with a signature", format!("{alg_none}.{}.{}", parts[1], parts[2])),
        ("HS256 with the public key as JSON", confused(&public)),
        ("HS256 with the public key as PEM", confused(public_pem.as_bytes())),
        ("HS256 with an empty secret", confused(b"")),
        ("another algorithm than the key's", format!("{other_algorithm}.{}.{}", parts[1], parts[2])),
        ("another realm's issuer", acme_key.token(&claims("tenant-globex"))),
        ("another realm's key", bench.globex.token(&acme())),
        ("an issuer nobody has", acme_key.token(&claims("tenant-initech"))),
        ("an issuer with a slash more", acme_key.token(&of("/iss", json!("https://id.test/realms/tenant-acme/")))),
        ("two issuers", acme_key.token(&of("/iss", json!(["https://id.test/realms/tenant-acme", "x"])))),
        ("no issuer", acme_key.token(&of("/iss", Value::Null))),
        ("expired", acme_key.token(&of("/exp", json!(now() - 60)))),
        ("without an end", acme_key.token(&of("/exp", Value::Null))),
        ("an end that is no number", acme_key.token(&of("/exp", json!("tomorrow")))),
        ("not yet valid", acme_key.token(&of("/nbf", json!(now() + 60)))),
        ("another audience", acme_key.token(&of("/aud", json!(["account"])))),
        ("no audience", acme_key.token(&of("/aud", Value::Null))),
        ("no user", acme_key.token(&of("/sub", Value::Null))),
        ("an empty user", acme_key.token(&of("/sub", json!("")))),
        ("a user that breaks headers", acme_key.token(&of("/sub", json!("u1\r\nx-plexica-tenant: globex")))),
        ("an ID token", acme_key.token(&of("/typ", json!("ID")))),
        (
            "bound to a certificate",
            acme_key.token(&of("/cnf", json!({ "x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2" }))),
        ),
        ("a refresh token", acme_key.token(&of("/typ", json!("Refresh")))),
        ("a logout token", acme_key.sign(&header(acme_key, |h| h.typ = Some("logout+jwt".into())), &acme())),
        ("an unknown key id", acme_key.sign(&header(acme_key, |h| h.kid = Some("made-up".into())), &acme())),
        ("no key id", acme_key.sign(&header(acme_key, |h| h.kid = None), &acme())),
        ("an extension", acme_key.sign(&header(acme_key, |h| h.crit = Some(vec!["b64".into()])), &acme())),
        ("a key of its own", stranger_with_a_key_of_its_own()),
        ("a platform token", bench.signing.token(&acme())),
        ("four parts", format!("{good}.x")),
        ("no JWT", "abc".into()),
    ] {
        assert_eq!(bench.status(&token).await, 401, "{why}");
    }
    assert_eq!(bench.crm.count(), before, "an upstream was called");
    assert_eq!(bench.core_api.count() + bench.other_crm.count(), 0, "another upstream was called");
}

fn good_payload(claims: &Value) -> String {
    URL_SAFE_NO_PAD.encode(claims.to_string())
}

/// The header brings the key it was signed with.
fn stranger_with_a_key_of_its_own() -> String {
    let stranger = Pair::new();
    let header = header(&stranger, |h| h.jwk = Some(stranger.public().0.keys[0].clone()));
    stranger.sign(&header, &acme())
}

#[tokio::test]
async fn what_a_plugin_was_handed_opens_nothing_here() {
    let bench = Bench::start().await;
    let seen: Value = bench.get("/api/plugins/crm/contacts").await.json().await.unwrap();
    let handed = seen["headers"]["authorization"][0].as_str().unwrap().strip_prefix("Bearer ").unwrap().to_owned();
    let core: Value = bench.get("/api/v1/me").await.json().await.unwrap();
    let for_the_core_api = core["headers"]["authorization"][0].as_str().unwrap()["Bearer ".len()..].to_owned();
    bench.verified(&seen, "plugin:crm");
    // Told to the gateway's own key server too, it is still no user's.
    bench.keys.set("plexica", &bench.signing);
    for token in [&handed, &for_the_core_api] {
        for path in ["/api/plugins/crm/contacts", "/api/plugins/files/x", "/api/v1/me", "/api/v1/tenants"] {
            let answer = bench.http.get(bench.url(path)).bearer_auth(token).send().await.unwrap();
            assert_eq!(answer.status(), 401, "{path}");
        }
    }
    // Nor does its credential for the core API, nor the header that only the gateway sets.
    for path in ["/api/v1/me", "/internal/v1/plugin/tenants"] {
        let basic = bench.http.get(bench.url(path)).basic_auth("plugin:crm", Some("secret"));
        let answer = basic.header("x-plexica-tenant", "acme").header("x-plexica-user", "u1").send().await.unwrap();
        assert!(matches!(answer.status().as_u16(), 401 | 404), "{path}");
    }
    assert_eq!((bench.crm.count(), bench.core_api.count(), bench.other_crm.count()), (1, 1, 0));
}

#[tokio::test]
async fn exactly_one_authorization() {
    let bench = Bench::start().await;
    let token = bench.acme.token(&acme());
    let line = format!("Authorization: Bearer {token}\r\n");
    let request =
        |lines: &str| format!("GET /api/plugins/crm/x HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n{lines}\r\n");
    assert!(bench.raw(&request(&line)).await.starts_with("HTTP/1.1 200"));
    for lines in [
        String::new(),
        format!("{line}{line}"),
        format!("Authorization: Bearer other\r\n{line}"),
        format!("{line}authorization: Basic eA==\r\n"),
        format!("Authorization: Basic {token}\r\n"),
        format!("Authorization: Bearer {token}, Bearer {token}\r\n"),
        format!("X-Authorization: Bearer {token}\r\n"),
    ] {
        assert!(bench.raw(&request(&lines)).await.starts_with("HTTP/1.1 401"), "{lines}");
    }
    assert_eq!(bench.crm.count(), 1);
}

#[tokio::test]
async fn what_a_401_says() {
    let bench = Bench::start().await;
    let answer = bench.http.get(bench.url("/api/v1/me")).send().await.unwrap();
    assert_eq!(answer.headers()["www-authenticate"], "Bearer");
    let id = answer.headers()["x-correlation-id"].to_str().unwrap().to_owned();
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["error"]["code"], "UNAUTHENTICATED");
    assert_eq!(body["error"]["correlationId"], id);
}
