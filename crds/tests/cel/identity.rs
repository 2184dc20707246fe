//! The rules of `spec.identity`.

use kube::api::{DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use plexica_testkit::unique;
use serde_json::{Value, json};

use super::{api, client, create, object, tenant, with};

fn identity(identity: Value) -> DynamicObject {
    object("Tenant", "acme", with(tenant(), "/identity", identity))
}

fn broker(broker: Value) -> DynamicObject {
    identity(json!({ "brokers": [broker] }))
}

fn mail(smtp: Value) -> DynamicObject {
    identity(json!({ "smtp": smtp }))
}

fn google() -> Value {
    json!({ "alias": "google", "type": "Google", "clientId": "it", "clientSecretRef": { "key": "google" } })
}

fn okta() -> Value {
    json!({ "alias": "okta", "type": "Oidc", "clientId": "it", "clientSecretRef": { "key": "okta" }, "oidc": {
        "issuer": "https://okta.test", "authorizationUrl": "https://okta.test/auth",
        "tokenUrl": "https://okta.test/token", "jwksUrl": "http://127.0.0.1:8080/keys",
    }})
}

fn adfs() -> Value {
    json!({ "alias": "adfs", "type": "Saml", "saml": {
        "entityId": "urn:adfs", "singleSignOnUrl": "https://adfs.test/sso", "signingCertificate": "MIIC",
    }})
}

fn smtp() -> Value {
    json!({ "host": "smtp.acme.test", "port": 465, "tls": "Tls", "from": "it@acme.test", "auth": {
        "username": "it", "passwordRef": { "name": "mail", "key": "password" },
    }})
}

fn without(mut base: Value, member: &str) -> Value {
    base.as_object_mut().unwrap().remove(member);
    base
}

#[tokio::test]
async fn settings_that_are_taken() {
    let Some(client) = client().await else { return };
    let example = serde_saphyr::from_str(include_str!("../../../examples/identity/tenant.yaml")).unwrap();
    for taken in [
        example,
        identity(json!({})),
        identity(json!({ "mfa": "Required", "loginTheme": "keycloak.v2" })),
        identity(json!({ "sessions": { "idleSeconds": 36000 } })),
        identity(json!({ "passwordPolicy": { "minLength": 64, "maxLength": 64 } })),
        identity(json!({ "brokers": [google(), okta(), adfs()] })),
        mail(json!({ "host": "smtp.acme.test", "from": "it@acme.test" })),
        mail(smtp()),
    ] {
        assert_eq!(create(&client, &taken).await, Ok(()), "{taken:?}");
    }
}

#[tokio::test]
async fn settings_that_are_refused_and_with_which_sentence() {
    let Some(client) = client().await else { return };
    let policy = |policy: Value| identity(json!({ "passwordPolicy": policy }));
    let sessions = |sessions: Value| identity(json!({ "sessions": sessions }));
    for (refused, sentence) in vec![
        (identity(json!({ "mfa": "Sometimes" })), "identity.mfa"),
        (identity(json!({ "loginTheme": "../other" })), "such as keycloak.v2"),
        (sessions(json!({ "accessTokenSeconds": 5 })), "30"),
        (sessions(json!({ "maxSeconds": 600 })), "ends then anyway"),
        (sessions(json!({ "idleSeconds": 120 })), "outlive its session"),
        (policy(json!({ "minLength": 0 })), "minLength"),
        (policy(json!({ "minLength": 65, "maxLength": 64 })), "must not be greater than maxLength"),
        (broker(with(google(), "/alias", json!("Google"))), "such as google"),
        (broker(with(google(), "/type", json!("Myspace"))), "type"),
        (broker(without(google(), "clientId")), "need clientId and clientSecretRef"),
        (broker(without(google(), "clientSecretRef")), "need clientId and clientSecretRef"),
        (broker(with(adfs(), "/clientId", json!("it"))), "and those have neither"),
        (broker(with(google(), "/oidc", okta()["oidc"].clone())), "type Oidc"),
        (broker(without(okta(), "oidc")), "type Oidc"),
        (broker(with(google(), "/saml", adfs()["saml"].clone())), "type Saml"),
        (broker(without(adfs(), "saml")), "type Saml"),
        (broker(with(okta(), "/oidc/tokenUrl", json!("http://okta.test/token"))), "for loopback only"),
        (broker(with(okta(), "/oidc/userInfoUrl", json!("ftp://okta.test/"))), "for loopback only"),
        (broker(with(adfs(), "/saml/singleSignOnUrl", json!("http://adfs.test/"))), "for loopback only"),
        (broker(with(adfs(), "/saml/signingCertificate", json!("-----BEGIN CERTIFICATE-----"))), "without the lines"),
        (identity(json!({ "brokers": [google(), google()] })), "Duplicate"),
        (mail(with(smtp(), "/host", json!("smtp://acme.test"))), "without scheme or port"),
        (mail(with(smtp(), "/port", json!(70000))), "port"),
        (mail(with(smtp(), "/from", json!("us"))), "such as no-reply@acme.test"),
        (mail(with(smtp(), "/tls", json!("Maybe"))), "tls"),
        (mail(with(smtp(), "/auth/passwordRef", json!({ "name": "mail" }))), "key"),
    ] {
        let message = create(&client, &refused).await.expect_err(&format!("{refused:?}"));
        assert!(message.contains(sentence), "{sentence:?} in {message}");
    }
}

#[tokio::test]
async fn a_broker_keeps_its_type() {
    let Some(client) = client().await else { return };
    let (name, api) = (unique("cel"), api(&client, "Tenant"));
    let spec = with(tenant(), "/identity", json!({ "brokers": [google()] }));
    api.create(&PostParams::default(), &object("Tenant", &name, spec)).await.unwrap();
    let change = async |broker: Value| {
        let patch = json!({ "spec": { "identity": { "brokers": [broker] } } });
        api.patch(&name, &PatchParams::default(), &Patch::Merge(&patch)).await.map(|_| ()).map_err(|e| e.to_string())
    };
    let message = change(with(google(), "/type", json!("GitHub"))).await.unwrap_err();
    assert!(message.contains("the type of a broker cannot be changed"), "{message}");
    assert_eq!(change(with(google(), "/trustEmail", json!(true))).await, Ok(()));
    api.delete(&name, &DeleteParams::default()).await.unwrap();
}
