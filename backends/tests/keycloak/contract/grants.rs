//! Tokens that the gateway takes, and requests that get none.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::subject::{Subject, tenant};
use crate::tokens::text;

pub async fn tokens_of_every_grant_verify(subject: &Subject) {
    let desired = tenant();
    let realm = &desired.realm;
    subject.make(&desired).await;
    subject.add_bob(realm).await;

    let url = format!("{}/.well-known/openid-configuration", subject.realms.issuer(realm));
    let discovery: Value = subject.http.get(url).send().await.unwrap().json().await.unwrap();
    assert_eq!(discovery["issuer"], subject.realms.issuer(realm));
    for (endpoint, path) in [("token_endpoint", "token"), ("jwks_uri", "certs"), ("authorization_endpoint", "auth")] {
        assert_eq!(discovery[endpoint], subject.at(realm, path));
    }

    let (status, answer) = subject.password(realm, "bob", "correct horse").await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(answer["token_type"], "Bearer");
    // Counted down while the answer is written: a busy Keycloak says a little less. The exact lifetime is
    // in the claims.
    let left = answer["expires_in"].as_i64().unwrap();
    assert!((270..=300).contains(&left), "{left}");
    let claims = subject.verified(realm, text(&answer, "access_token"), "plexica").await;
    for (claim, value) in [
        ("azp", "web"),
        ("typ", "Bearer"),
        ("preferred_username", "bob"),
        ("email", "bob@acme.test"),
        ("name", "Bob Builder"),
    ] {
        assert_eq!(claims[claim], value, "{claims}");
    }
    assert!(text(&claims, "scope").split(' ').any(|scope| scope == "openid"));
    assert!(claims["sid"].is_string() && claims["jti"].is_string(), "{claims}");
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 300);
    let id = subject.verified(realm, text(&answer, "id_token"), "web").await;
    assert_eq!((&id["sub"], &id["typ"]), (&claims["sub"], &json!("ID")));

    let secret = subject.realms.client_secret(realm).await.unwrap();
    let form = [("grant_type", "client_credentials"), ("client_id", "api"), ("client_secret", secret.reveal())];
    let (status, answer) = subject.token(realm, &form).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let claims = subject.verified(realm, text(&answer, "access_token"), "plexica").await;
    assert_eq!((text(&claims, "azp"), text(&claims, "preferred_username")), ("api", "service-account-api"));
    let basic = subject.http.post(subject.at(realm, "token")).basic_auth("api", Some(secret.reveal()));
    let answer = basic.form(&[("grant_type", "client_credentials")]).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
}

pub async fn refresh_tokens_are_good_once(subject: &Subject) {
    let desired = tenant();
    let realm = &desired.realm;
    subject.make(&desired).await;
    subject.add_bob(realm).await;
    let (_, first) = subject.password(realm, "bob", "correct horse").await;
    let refresh = async |token: &str| {
        let form = [("grant_type", "refresh_token"), ("client_id", "web"), ("refresh_token", token)];
        subject.token(realm, &form).await
    };
    let (status, second) = refresh(text(&first, "refresh_token")).await;
    assert_eq!(status, StatusCode::OK, "{second}");
    let before = subject.verified(realm, text(&first, "access_token"), "plexica").await;
    let after = subject.verified(realm, text(&second, "access_token"), "plexica").await;
    assert_eq!((&before["sub"], &before["sid"]), (&after["sub"], &after["sid"]));
    assert_ne!(before["jti"], after["jti"]);
    // A used one is refused, and takes the session with it.
    let (status, answer) = refresh(text(&first, "refresh_token")).await;
    assert_eq!((status, text(&answer, "error")), (StatusCode::BAD_REQUEST, "invalid_grant"));
    assert_eq!(refresh(text(&second, "refresh_token")).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(refresh("nonsense").await.0, StatusCode::BAD_REQUEST);
}

type Form<'a> = &'a [(&'a str, &'a str)];

pub async fn what_is_wrong_is_refused(subject: &Subject) {
    let mut desired = tenant();
    let realm = desired.realm.clone();
    subject.make(&desired).await;
    subject.add_bob(&realm).await;
    let password = ("grant_type", "password");
    let user = ("username", "bob");
    let cases: [(Form, u16, &str); 9] = [
        (&[password, ("client_id", "web"), user, ("password", "wrong")], 401, "invalid_grant"),
        (&[password, ("client_id", "web"), ("username", "nobody"), ("password", "x")], 401, "invalid_grant"),
        (&[password, ("client_id", "unknown"), user, ("password", "correct horse")], 401, "invalid_client"),
        (
            &[("grant_type", "client_credentials"), ("client_id", "api"), ("client_secret", "guess")],
            401,
            "unauthorized_client",
        ),
        (&[("grant_type", "client_credentials"), ("client_id", "api")], 401, "unauthorized_client"),
        (&[("grant_type", "client_credentials"), ("client_id", "web")], 401, "unauthorized_client"),
        (&[("grant_type", "magic"), ("client_id", "web")], 400, "unsupported_grant_type"),
        (&[("client_id", "web")], 400, "invalid_request"),
        (
            &[("grant_type", "authorization_code"), ("client_id", "web"), ("code", "guess"), ("code_verifier", "x")],
            400,
            "invalid_grant",
        ),
    ];
    for (form, expected, error) in cases {
        let (status, answer) = subject.token(&realm, form).await;
        assert_eq!((status.as_u16(), text(&answer, "error")), (expected, error), "{form:?}: {answer}");
    }
    // Direct grants only where they are asked for.
    desired.direct_grant = false;
    subject.make(&desired).await;
    let (status, answer) = subject.password(&realm, "bob", "correct horse").await;
    assert_eq!((status, text(&answer, "error")), (StatusCode::BAD_REQUEST, "unauthorized_client"), "{answer}");
}
