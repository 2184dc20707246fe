//! What a real Keycloak takes from a broker: what the spec's key signed, in the name that the spec has, and no more.

use base64::{Engine, prelude::BASE64_STANDARD};
use plexica_backends::keycloak::RealmDesired;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::browser::{Browser, End, field, parameter};
use crate::contract::brokers::{adfs, okta};
use crate::contract::code::{BACK, VERIFIER, exchange, request};
use crate::contract::sign_in::{say, with};
use crate::real;
use crate::real_brokers::through;
use crate::subject::{Subject, tenant};
use crate::tokens::text;

/// A realm whose users come to ours.
async fn theirs(subject: &Subject) -> RealmDesired {
    let theirs = tenant();
    subject.make(&theirs).await;
    subject.add_bob(&theirs.realm).await;
    theirs
}

/// Lets ours in there.
async fn register(subject: &Subject, theirs: &RealmDesired, client: Value) {
    let (status, answer) = subject.admin(Method::POST, &format!("/{}/clients", theirs.realm), Some(client)).await;
    assert_eq!(status, StatusCode::CREATED, "{answer}");
}

fn endpoint(subject: &Subject, ours: &RealmDesired, alias: &str) -> String {
    format!("{}/broker/{alias}/endpoint", subject.realms.issuer(&ours.realm))
}

async fn users(subject: &Subject, realm: &RealmDesired) -> Vec<Value> {
    let (_, found) = subject.admin(Method::GET, &format!("/{}/users", realm.realm), None).await;
    found.as_array().unwrap().clone()
}

/// Nobody is signed in, and nobody was added.
async fn refused(subject: &Subject, ours: &RealmDesired, end: End, what: &str) {
    let End::Page(status, page) = end else { panic!("{what}: sent to {}", end.back()) };
    assert!(status >= 400, "{what}: {status} {page}");
    assert_eq!(users(subject, ours).await, Vec::<Value>::new(), "{what}");
}

/// Claims of who came back to the client.
async fn signed_in(subject: &Subject, ours: &RealmDesired, end: End) -> Value {
    let back = end.back();
    let code = parameter(&back, "code").unwrap_or_else(|| panic!("no code in {back}"));
    let (status, answer) = subject.token(&ours.realm, &exchange(&code, VERIFIER, BACK)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    subject.verified(&ours.realm, text(&answer, "access_token"), "plexica").await
}

#[tokio::test]
async fn a_token_of_another_key_or_issuer_signs_nobody_in() {
    let Some(subject) = real::subject().await else { return };
    let (theirs, stranger) = (theirs(&subject).await, tenant());
    subject.make(&stranger).await;
    let (issuer, another) = (subject.realms.issuer(&theirs.realm), subject.realms.issuer(&stranger.realm));
    let broker = |field: &str, value: &str| {
        let mut broker = okta(&issuer, "secret");
        broker["oidc"][field] = json!(value);
        json!({ "brokers": [broker] })
    };
    let mut ours = with(broker("issuer", &another));
    subject.make(&ours).await;
    let client = json!({ "clientId": "it", "secret": "secret", "redirectUris": [endpoint(&subject, &ours, "okta")] });
    register(&subject, &theirs, client).await;

    refused(&subject, &ours, through(&subject, &ours).await, "another issuer").await;
    // To the letter.
    say(&mut ours, broker("issuer", &format!("{issuer}/")));
    subject.make(&ours).await;
    refused(&subject, &ours, through(&subject, &ours).await, "nearly its issuer").await;
    say(&mut ours, broker("jwksUrl", &format!("{another}/protocol/openid-connect/certs")));
    subject.make(&ours).await;
    refused(&subject, &ours, through(&subject, &ours).await, "another key").await;

    say(&mut ours, broker("issuer", &issuer));
    subject.make(&ours).await;
    let claims = signed_in(&subject, &ours, through(&subject, &ours).await).await;
    assert_eq!(claims["email"], "bob@acme.test");
    subject.clean().await;
}

/// Goes to the SAML broker and back, with what `change` makes of its answer.
async fn through_saml(subject: &Subject, ours: &RealmDesired, change: impl Fn(String) -> String) -> (Browser, End) {
    let mut browser = Browser::default();
    let url = format!("{}&kc_idp_hint=adfs", request(subject, &ours.realm, &[]));
    let page = browser.open(&subject.http, &url).await.page();
    let (asked, state) = (field(&page, "SAMLRequest"), field(&page, "RelayState"));
    browser.submit(&subject.http, &[("SAMLRequest", &asked), ("RelayState", &state)]).await.page();
    let form = [("username", "bob"), ("password", "correct horse"), ("credentialId", "")];
    let page = browser.submit(&subject.http, &form).await.page();
    let (answer, state) = (field(&page, "SAMLResponse"), field(&page, "RelayState"));
    let told = String::from_utf8(BASE64_STANDARD.decode(answer).unwrap()).unwrap();
    assert!(told.contains("bob@acme.test"), "{told}");
    let answer = BASE64_STANDARD.encode(change(told));
    let end = browser.submit(&subject.http, &[("SAMLResponse", &answer), ("RelayState", &state)]).await;
    (browser, end)
}

/// The certificate that a realm signs SAML with, which takes a key of another kind than our tokens'.
async fn certificate(subject: &Subject, realm: &RealmDesired) -> String {
    let key = json!({ "name": "rsa", "providerId": "rsa-generated", "providerType": "org.keycloak.keys.KeyProvider" });
    let (status, answer) = subject.admin(Method::POST, &format!("/{}/components", realm.realm), Some(key)).await;
    assert_eq!(status, StatusCode::CREATED, "{answer}");
    let url = format!("{}/protocol/saml/descriptor", subject.realms.issuer(&realm.realm));
    let metadata = subject.http.get(url).send().await.unwrap().text().await.unwrap();
    let (_, rest) = metadata.split_once("<ds:X509Certificate>").unwrap_or_else(|| panic!("{metadata}"));
    rest.split_once('<').unwrap().0.to_owned()
}

#[tokio::test]
async fn a_saml_answer_of_another_key_or_name_signs_nobody_in() {
    let Some(subject) = real::subject().await else { return };
    let (theirs, stranger) = (theirs(&subject).await, tenant());
    subject.make(&stranger).await;
    let issuer = subject.realms.issuer(&theirs.realm);
    let (key, another) = (certificate(&subject, &theirs).await, certificate(&subject, &stranger).await);
    let broker = |entity_id: &str, certificate: &str| {
        let mut broker = adfs();
        broker["saml"] = json!({ "entityId": entity_id, "singleSignOnUrl": format!("{issuer}/protocol/saml"),
            "signingCertificate": certificate, "nameId": "Email" });
        json!({ "brokers": [broker] })
    };
    let mut ours = with(broker(&issuer, &another));
    subject.make(&ours).await;
    let client = |signs: bool| {
        json!({ "clientId": subject.realms.issuer(&ours.realm), "protocol": "saml",
            "redirectUris": [endpoint(&subject, &ours, "adfs")], "attributes": {
                "saml.client.signature": "false", "saml.force.post.binding": "true",
                "saml.server.signature": signs.to_string(), "saml.assertion.signature": signs.to_string() } })
    };
    let (first, unsigned) = (client(true), client(false));
    register(&subject, &theirs, first.clone()).await;

    refused(&subject, &ours, through_saml(&subject, &ours, |told| told).await.1, "another key").await;
    say(&mut ours, broker(&subject.realms.issuer(&stranger.realm), &key));
    subject.make(&ours).await;
    refused(&subject, &ours, through_saml(&subject, &ours, |told| told).await.1, "another name").await;
    say(&mut ours, broker(&issuer, &key));
    subject.make(&ours).await;
    let forge = |told: String| told.replace("bob@acme.test", "eve@acme.test");
    refused(&subject, &ours, through_saml(&subject, &ours, forge).await.1, "changed on the way").await;
    let name = first["clientId"].as_str().unwrap();
    let id = subject.client(&theirs.realm, name).await["id"].as_str().unwrap().to_owned();
    let path = format!("/{}/clients/{id}", theirs.realm);
    subject.admin(Method::PUT, &path, Some(unsigned)).await;
    refused(&subject, &ours, through_saml(&subject, &ours, |told| told).await.1, "not signed").await;

    subject.admin(Method::PUT, &path, Some(first)).await;
    let (mut browser, end) = through_saml(&subject, &ours, |told| told).await;
    // What they did not tell of bob is asked.
    end.page();
    let rest = [("username", "bob"), ("email", "bob@acme.test"), ("firstName", "Bob"), ("lastName", "Builder")];
    let claims = signed_in(&subject, &ours, browser.submit(&subject.http, &rest).await).await;
    assert_eq!(claims["email"], "bob@acme.test");
    subject.clean().await;
}

#[tokio::test]
async fn an_address_counts_as_verified_where_the_broker_is_trusted_with_that() {
    let Some(subject) = real::subject().await else { return };
    let theirs = theirs(&subject).await;
    let issuer = subject.realms.issuer(&theirs.realm);
    // Whichever of them they send people back to.
    let client = json!({ "clientId": "it", "secret": "secret", "redirectUris": [subject.realms.issuer("*")] });
    register(&subject, &theirs, client).await;
    for trusted in [false, true] {
        let mut broker = okta(&issuer, "secret");
        broker["trustEmail"] = json!(trusted);
        let ours = with(json!({ "brokers": [broker] }));
        subject.make(&ours).await;
        let claims = signed_in(&subject, &ours, through(&subject, &ours).await).await;
        assert_eq!((&claims["email"], &claims["email_verified"]), (&json!("bob@acme.test"), &json!(trusted)));
        assert_eq!(users(&subject, &ours).await[0]["emailVerified"], trusted);
    }
    subject.clean().await;
}
