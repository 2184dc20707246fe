//! The embedded issuer on a database of its own, and what only it has.

use plexica_backends::Secret;
use plexica_backends::keycloak::embedded::{Config, Running, start};
use plexica_testkit::require;
use reqwest::StatusCode;
use serde_json::json;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::subject::{Subject, tenant};
use crate::tokens::text;

const SECRET: &str = "service-account-secret";

async fn run(pool: PgPool, shutdown: CancellationToken) -> Running {
    let config = Config {
        pool,
        listen: "127.0.0.1:0".parse().unwrap(),
        public_url: None,
        client_id: "plexica-operator".into(),
        client_secret: Secret::new(SECRET),
    };
    start(config, shutdown).await.unwrap()
}

/// A fresh one.
pub async fn subject() -> Option<Subject> {
    plexica_testkit::tls();
    let database = require!(postgres17)?.database().await;
    let shutdown = CancellationToken::new();
    let running = run(PgPool::connect(database.url().as_str()).await.unwrap(), shutdown.clone()).await;
    let url = running.public_url.to_string();
    Some(Subject::new(&url, "plexica-operator", SECRET, shutdown, Some(database)).await)
}

#[tokio::test]
async fn the_owner_of_the_data_gets_a_token_for_anybody() {
    let Some(subject) = subject().await else { return };
    let desired = tenant();
    let realm = &desired.realm;
    subject.make(&desired).await;
    subject.add_bob(realm).await;
    let form = |secret| {
        [
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("client_id", "plexica-operator"),
            ("client_secret", secret),
            ("requested_subject", "bob"),
        ]
    };
    let (status, answer) = subject.token(realm, &form(SECRET)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let claims = subject.verified(realm, text(&answer, "access_token"), "plexica").await;
    assert_eq!((&claims["preferred_username"], &claims["azp"]), (&json!("bob"), &json!("web")));
    assert_eq!(answer["refresh_token"], json!(null));
    assert_eq!(subject.token(realm, &form("guess")).await.0, StatusCode::UNAUTHORIZED);
    let api = subject.realms.client_secret(realm).await.unwrap();
    let mut by_api = form(api.reveal());
    by_api[1].1 = "api";
    assert_eq!(subject.token(realm, &by_api).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_restart_keeps_keys_users_and_sessions() {
    let Some(postgres) = require!(postgres17) else { return };
    let database = postgres.database().await;
    let pool = PgPool::connect(database.url().as_str()).await.unwrap();
    let shutdown = CancellationToken::new();
    let running = run(pool.clone(), shutdown.clone()).await;
    let (addr, url) = (running.addr, running.public_url.to_string());
    let subject = Subject::new(&url, "plexica-operator", SECRET, CancellationToken::new(), None).await;
    let desired = tenant();
    subject.make(&desired).await;
    subject.add_bob(&desired.realm).await;
    let (_, first) = subject.password(&desired.realm, "bob", "correct horse").await;
    shutdown.cancel();
    drop(subject);
    running.stopped().await;

    let again = CancellationToken::new();
    let config = Config {
        pool,
        listen: addr,
        public_url: None,
        client_id: "plexica-operator".into(),
        client_secret: Secret::new(SECRET),
    };
    let _running = start(config, again.clone()).await.unwrap();
    let subject = Subject::new(&url, "plexica-operator", SECRET, again, Some(database)).await;
    subject.verified(&desired.realm, text(&first, "access_token"), "plexica").await;
    let form =
        [("grant_type", "refresh_token"), ("client_id", "web"), ("refresh_token", text(&first, "refresh_token"))];
    let (status, answer) = subject.token(&desired.realm, &form).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert!(subject.ensure(&desired).await.unwrap().is_empty());
}

#[tokio::test]
async fn many_guesses_lock_a_name_out_even_for_the_right_password() {
    let Some(subject) = subject().await else { return };
    let desired = tenant();
    subject.make(&desired).await;
    subject.add_bob(&desired.realm).await;
    for _ in 0..12 {
        let (status, _) = subject.password(&desired.realm, "bob@acme.test", "guess").await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
    }
    // The pauses of seven failures past the free ones are not over before the last guess was checked.
    let (status, answer) = subject.password(&desired.realm, "bob", "correct horse").await;
    assert_eq!((status, text(&answer, "error")), (StatusCode::UNAUTHORIZED, "invalid_grant"));
}

#[tokio::test]
async fn a_session_ends_by_logout_and_by_revocation() {
    let Some(subject) = subject().await else { return };
    let desired = tenant();
    let realm = &desired.realm;
    subject.make(&desired).await;
    subject.add_bob(realm).await;
    for (path, field, ends) in [("logout", "refresh_token", 204), ("revoke", "token", 200)] {
        let (_, answer) = subject.password(realm, "bob", "correct horse").await;
        let (access, refresh) = (text(&answer, "access_token"), text(&answer, "refresh_token"));
        let info = || subject.http.get(subject.at(realm, "userinfo")).bearer_auth(access).send();
        let about = info().await.unwrap().json::<serde_json::Value>().await.unwrap();
        assert_eq!(about["email"], "bob@acme.test");
        let form = [("client_id", "web"), (field, refresh)];
        let ended = subject.http.post(subject.at(realm, path)).form(&form).send().await.unwrap();
        assert_eq!(ended.status().as_u16(), ends);
        assert_eq!(info().await.unwrap().status(), StatusCode::UNAUTHORIZED);
        let form = [("grant_type", "refresh_token"), ("client_id", "web"), ("refresh_token", refresh)];
        assert_eq!(subject.token(realm, &form).await.0, StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn the_sign_in_page_is_escaped_not_kept_and_not_framed() {
    let Some(subject) = subject().await else { return };
    let desired = tenant();
    subject.make(&desired).await;
    let url = format!(
        "{}?client_id=web&response_type=code&redirect_uri=https://app.acme.test/&code_challenge=x\
         &code_challenge_method=S256&state=%22%3E%3Cscript%3E\"'",
        subject.at(&desired.realm, "auth")
    );
    let answer = subject.http.get(url).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(header("x-frame-options"), "DENY");
    assert!(header("content-security-policy").contains("frame-ancestors 'none'"));
    let page = answer.text().await.unwrap();
    assert!(!page.contains("<script"), "{page}");
    assert_eq!(page.matches("action=\"").count(), 1);
}
