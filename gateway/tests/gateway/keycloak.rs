//! What a real Keycloak signs.

use plexica_testkit::{
    keycloak::{Keycloak, settled},
    require, unique,
};
use serde_json::{Value, json};

use crate::{
    harness::{Bench, limits},
    resources::{install, snapshot, tenant, with},
};

/// Asks a realm for tokens, by password.
async fn sign_in(http: &reqwest::Client, base: &str, realm: &str, client: &str, user: &str, password: &str) -> Value {
    let url = format!("{base}/realms/{realm}/protocol/openid-connect/token");
    let form = [
        ("grant_type", "password"),
        ("client_id", client),
        ("username", user),
        ("password", password),
        ("scope", "openid"),
    ];
    let (status, answer) = settled(async || answered(http.post(&url).form(&form)).await).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

/// Status and body; nothing for a body that is not JSON.
async fn answered(request: reqwest::RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

/// A realm as the operator makes it: keys for ES256 alone, a browser's client with our audience.
fn realm(name: &str, audience: &str) -> Value {
    let key = |provider: &str, config: Value| json!({ "name": provider, "providerId": provider, "config": config });
    let mapper = json!({
        "name": "audience", "protocol": "openid-connect", "protocolMapper": "oidc-audience-mapper",
        "config": { "included.custom.audience": audience, "access.token.claim": "true", "id.token.claim": "true" },
    });
    json!({
        "realm": name, "enabled": true, "defaultSignatureAlgorithm": "ES256", "sslRequired": "none",
        "components": { "org.keycloak.keys.KeyProvider": [
            key("ecdsa-generated", json!({ "ecdsaEllipticCurveKey": ["P-256"], "priority": ["100"] })),
            key("hmac-generated", json!({ "algorithm": ["HS512"], "priority": ["100"] })),
            key("aes-generated", json!({ "priority": ["100"] })),
        ] },
        "roles": { "realm": [{ "name": "user" }] },
        "clients": [{
            "clientId": "web", "enabled": true, "publicClient": true, "directAccessGrantsEnabled": true,
            "protocolMappers": [mapper],
        }],
        "users": [{
            "username": "ada", "enabled": true, "email": "ada@acme.test", "emailVerified": true,
            "firstName": "Ada", "lastName": "Lovelace", "realmRoles": ["user"],
            "credentials": [{ "type": "password", "value": "secret", "temporary": false }],
        }],
    })
}

#[tokio::test]
async fn access_tokens_hold_and_its_other_tokens_do_not() {
    let Some(Keycloak { url, admin_user, admin_password }) = require!(keycloak) else { return };
    let bench = Bench::with(limits(), |config| config.keycloak_url = url.parse().unwrap()).await;
    let admin = sign_in(&bench.http, &url, "master", "admin-cli", &admin_user, &admin_password).await;
    let admin = admin["access_token"].as_str().unwrap();
    let (name, elsewhere) = (unique("gateway"), unique("elsewhere"));
    for (name, audience) in [(&name, "plexica"), (&elsewhere, "something-else")] {
        let make = bench.http.post(format!("{url}/admin/realms")).bearer_auth(admin).json(&realm(name, audience));
        let (status, answer) = settled(async || answered(make.try_clone().unwrap()).await).await;
        assert_eq!(status, 201, "{answer}");
    }
    let acme =
        with(tenant("acme"), "/status/identity", json!({ "realm": name, "issuer": format!("{url}/realms/{name}") }));
    let of_another = json!({ "realm": elsewhere, "issuer": format!("{url}/realms/{elsewhere}") });
    let globex = with(tenant("globex"), "/status/identity", of_another);
    let installs =
        [install("tenant-acme", "acme", &bench.crm.url()), install("tenant-globex", "globex", &bench.crm.url())];
    bench.feed.publish(snapshot(&[acme, globex], &installs));

    let tokens = sign_in(&bench.http, &url, &name, "web", "ada", "secret").await;
    let request = bench.http.get(bench.url("/api/plugins/crm/x")).bearer_auth(tokens["access_token"].as_str().unwrap());
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let seen: Value = answer.json().await.unwrap();
    let claims = bench.verified(&seen, "plugin:crm");
    let subject = serde_json::to_value(&claims.subject).unwrap();
    assert_eq!((&subject["username"], &subject["permissions"]), (&json!("ada"), &json!(["crm:contacts:read"])));

    let other = sign_in(&bench.http, &url, &elsewhere, "web", "ada", "secret").await;
    for (why, token) in [
        ("an ID token", &tokens["id_token"]),
        ("a refresh token", &tokens["refresh_token"]),
        ("another audience", &other["access_token"]),
        ("the master realm's", &json!(admin)),
    ] {
        assert_eq!(bench.status(token.as_str().unwrap()).await, 401, "{why}");
    }
    assert_eq!(bench.crm.count(), 1);
    for name in [name, elsewhere] {
        bench.http.delete(format!("{url}/admin/realms/{name}")).bearer_auth(admin).send().await.unwrap();
    }
}
