//! Users that others ask for.

use plexica_backends::Secret;
use plexica_backends::keycloak::{AdminUser, UserDesired};
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::subject::{Subject, bob, tenant};
use crate::tokens::text;

pub async fn users_are_made_once(subject: &Subject) {
    let desired = tenant();
    subject.make(&desired).await;
    let users = subject.realms.users(&desired.realm);
    assert_eq!(users.find("bob").await.unwrap(), None);
    assert_eq!(users.count().await.unwrap(), 0);
    assert_eq!(subject.realms.users("not-there").count().await.unwrap(), 0);
    assert!(!users.ensure(&bob()).await.unwrap().is_empty());
    let found = users.find("BOB").await.unwrap().unwrap();
    assert_eq!((found.username.as_str(), found.email.as_deref()), ("bob", Some("bob@acme.test")));
    assert!(found.enabled);
    assert_eq!(users.count().await.unwrap(), 1);
    subject.proxy.writes();
    assert!(users.ensure(&bob()).await.unwrap().is_empty());
    // A password that is there stays.
    let other = UserDesired { password: Some(Secret::new("another one")), ..bob() };
    assert!(users.ensure(&other).await.unwrap().is_empty());
    assert_eq!(subject.proxy.writes(), Vec::<String>::new());
    assert_eq!(subject.password(&desired.realm, "bob", "another one").await.0, StatusCode::UNAUTHORIZED);
    // By address as well, and every user has the default role.
    let (status, answer) = subject.password(&desired.realm, "bob@acme.test", "correct horse").await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let claims = subject.verified(&desired.realm, text(&answer, "access_token"), "plexica").await;
    assert_eq!(claims["sub"], found.id);
    for role in ["admin", "user"] {
        assert!(claims["realm_access"]["roles"].as_array().unwrap().contains(&json!(role)), "{claims}");
    }
    let unknown = UserDesired { roles: vec!["emperor".into()], ..bob() };
    assert_eq!(users.ensure(&unknown).await.unwrap_err().kind, plexica_backends::Kind::Invalid);
}

pub async fn the_first_user_must_set_a_password(subject: &Subject) {
    let mut desired = tenant();
    let realm = desired.realm.clone();
    subject.make(&desired).await;
    // Named later, so that this is the other way to make one than with the realm.
    desired.admin = Some(AdminUser {
        email: "ada@acme.test".into(),
        first_name: Some("Ada".into()),
        last_name: Some("Lovelace".into()),
        role: "admin".into(),
    });
    subject.make(&desired).await;
    assert!(subject.ensure(&desired).await.unwrap().is_empty());
    let (status, answer) = subject.password(&realm, "ada@acme.test", "guess").await;
    assert_eq!((status, text(&answer, "error")), (StatusCode::UNAUTHORIZED, "invalid_grant"));

    let ada = subject.realms.users(&realm).find("ada@acme.test").await.unwrap().unwrap();
    let path = format!("/{realm}/users/{}/reset-password", ada.id);
    let password = |temporary| Some(json!({ "type": "password", "value": "first one", "temporary": temporary }));
    assert_eq!(subject.admin(Method::PUT, &path, password(true)).await.0, StatusCode::NO_CONTENT);
    let (status, answer) = subject.password(&realm, "ada@acme.test", "first one").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(answer, json!({ "error": "invalid_grant", "error_description": "Account is not fully set up" }));
    subject.admin(Method::PUT, &path, password(false)).await;
    let (status, answer) = subject.password(&realm, "ada@acme.test", "first one").await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let claims = subject.verified(&realm, text(&answer, "access_token"), "plexica").await;
    assert!(claims["realm_access"]["roles"].as_array().unwrap().contains(&json!("admin")), "{claims}");
    assert!(subject.ensure(&desired).await.unwrap().is_empty());
}
