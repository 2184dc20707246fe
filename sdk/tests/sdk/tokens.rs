//! What proves a caller, and everything that does not: 401, and no handler ran.

use crate::common::{Calls, READ, WRITE, notes};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use plexica_sdk::{
    TestHost,
    contract::token::{Claims, Subject},
    test_host::Answer,
};
use plexica_testkit::require;

fn claims_of(token: &str) -> Claims {
    jsonwebtoken::dangerous::insecure_decode(token).unwrap().claims
}

fn unsigned(token: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    let payload = token.split('.').nth(1).unwrap();
    format!("{header}.{payload}.")
}

fn signed_with_the_public_key(host: &TestHost, token: &str) -> String {
    let keys = host.platform().public_keys();
    let mut header = Header::new(Algorithm::HS256);
    header.kid.clone_from(&keys.0.keys[0].common.key_id);
    let secret = serde_json::to_vec(&keys.0.keys[0]).unwrap();
    encode(&header, &claims_of(token), &EncodingKey::from_secret(&secret)).unwrap()
}

#[tokio::test]
async fn what_is_refused_reaches_no_handler() {
    let Some(postgres) = require!(postgres17) else { return };
    let calls = Calls::default();
    let host = TestHost::start_on(notes(&calls), postgres.url().as_str()).await;
    let acme = host.install("acme").await;
    let slug = acme.known().tenant.clone();
    let good = acme.as_user([READ]).token();
    let platform = host.platform();
    let stranger = TestHost::start_on(notes(&Calls::default()), postgres.url().as_str()).await;

    let mut tampered = good.clone();
    tampered.truncate(good.len() - 8);
    tampered.push_str("AAAAAAAA");
    let get = || host.http(http::Method::GET, "/notes");
    for (why, request) in [
        ("no token", get()),
        ("another scheme", get().basic_auth("ada", Some("x"))),
        ("no JWT", get().bearer_auth("abc")),
        ("another plugin's", get().bearer_auth(platform.user_token(&"files".parse().unwrap(), &slug, &[READ], 0))),
        ("expired", get().bearer_auth(platform.user_token(host.id(), &slug, &[READ], 120))),
        ("not yet valid", get().bearer_auth(platform.user_token(host.id(), &slug, &[READ], -120))),
        ("alg none", get().bearer_auth(unsigned(&good))),
        ("HS256 with the public key", get().bearer_auth(signed_with_the_public_key(&host, &good))),
        ("another signature", get().bearer_auth(tampered)),
        ("another platform's key", get().bearer_auth(stranger.platform().user_token(host.id(), &slug, &[READ], 0))),
        ("the operator's", get().bearer_auth(platform.lifecycle_token(host.id(), &slug, None))),
        ("an event's", get().bearer_auth(platform.token(host.id(), Some(&slug), Subject::Event))),
        ("two headers", get().bearer_auth(&good).header("authorization", format!("Bearer {good}"))),
    ] {
        let answer = Answer::of(request).await;
        assert_eq!(answer.expect(401)["error"]["code"], "UNAUTHENTICATED", "{why}");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{why}");
    }
    assert_eq!(acme.as_user([WRITE]).get("/notes").await.expect(403)["error"]["code"], "FORBIDDEN");
    assert_eq!(calls.count(), 0, "a handler ran");
    Answer::of(get().bearer_auth(good)).await.expect(200);
    assert_eq!(calls.count(), 1);
}

#[tokio::test]
async fn a_user_without_a_tenant_has_no_place_here() {
    let Some(postgres) = require!(postgres17) else { return };
    let host = TestHost::start_on(notes(&Calls::default()), postgres.url().as_str()).await;
    let subject = Subject::User {
        sub: "root".into(),
        username: None,
        email: None,
        roles: vec!["super-admin".into()],
        permissions: vec![READ.into()],
    };
    let token = host.platform().token(host.id(), None, subject);
    Answer::of(host.http(http::Method::GET, "/notes").bearer_auth(token)).await.expect(403);
}

#[tokio::test]
async fn rotated_keys_are_asked_for_and_a_flood_of_unknown_ones_is_not() {
    let Some(postgres) = require!(postgres17) else { return };
    let host = TestHost::start_on(notes(&Calls::default()), postgres.url().as_str()).await;
    let acme = host.install("acme").await;
    let ada = acme.as_user([READ]);
    let old = ada.token();
    host.platform().rotate_keys();
    ada.get("/notes").await.expect(200);
    let asked = host.platform().times_asked_for_keys();
    assert_eq!(asked, 1);

    // The withdrawn key is not known any more: tokens of it make the plugin ask once in 10 s.
    for _ in 0..50 {
        Answer::of(host.http(http::Method::GET, "/notes").bearer_auth(&old)).await.expect(401);
    }
    assert_eq!(host.platform().times_asked_for_keys(), asked);
    ada.get("/notes").await.expect(200);
}
