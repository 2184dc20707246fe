//! The recipe of `docs/bootstrap.md`, carried out on a real Keycloak: it is enough, and no more.

use std::process::Command;
use std::time::Instant;

use plexica_backends::keycloak::{Config, bootstrap, preflight};
use plexica_backends::preflight::Finding;
use plexica_backends::{Kind, Secret};
use plexica_crds::tenant::DeletionPolicy;
use plexica_testkit::{
    keycloak::{Administrator, Keycloak, SECRET},
    part, require,
};
use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::real;
use crate::subject::{Subject, tenant};

const PAGE: &str = include_str!("../../../docs/bootstrap.md");

/// The shell block of the page's Keycloak part.
fn recipe() -> &'static str {
    let (_, section) = PAGE.split_once("\n## Keycloak\n").expect("a part on Keycloak");
    let (_, block) = section.split_once("```sh\n").expect("a shell block");
    block.split("```").next().unwrap()
}

/// Runs it with the real kcadm and an own configuration file.
fn carry_out(keycloak: &Keycloak, kcadm: &str, client_id: &str) {
    let home = tempfile::tempdir().unwrap();
    let script = format!("set -eu\nkcadm.sh() {{ bash '{kcadm}' \"$@\"; }}\n{}", recipe());
    let output = Command::new("bash")
        .args(["-c", &script])
        .env("HOME", home.path())
        .env("KC_OPTS", format!("-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Duser.home={}", home.path().display()))
        .env("KEYCLOAK_URL", &keycloak.url)
        .env("ADMIN_USER", &keycloak.admin_user)
        .env("ADMIN_PASSWORD", &keycloak.admin_password)
        .env("KEYCLOAK_CLIENT_ID", client_id)
        .env("KEYCLOAK_CLIENT_SECRET", SECRET)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn the_recipe_is_enough_and_no_more() {
    let Some(keycloak) = require!(keycloak) else { return };
    let Some(kcadm) = plexica_testkit::or_skip(part::variable("keycloak", "KEYCLOAK_KCADM")) else { return };
    plexica_testkit::tls();
    let client_id = plexica_testkit::unique("recipe");
    carry_out(&keycloak, &kcadm, &client_id);
    let subject = Subject::new(&keycloak.url, &client_id, SECRET, CancellationToken::new(), None).await;
    assert_eq!(preflight(&subject.config).await, Vec::<Finding>::new());

    // Enough: its own realm from beginning to end.
    let desired = tenant();
    subject.make(&desired).await;
    subject.add_bob(&desired.realm).await;
    assert_eq!(subject.password(&desired.realm, "bob", "correct horse").await.0, StatusCode::OK);

    // No more: a realm of another service account stays as it is, whatever is tried.
    let other = real::subject().await.unwrap();
    let theirs = tenant();
    other.make(&theirs).await;
    let realm = &theirs.realm;
    let body = Some(json!({ "enabled": false }));
    for (method, path, body) in [
        (Method::PUT, format!("/{realm}"), body.clone()),
        (Method::DELETE, format!("/{realm}"), None),
        (Method::GET, format!("/{realm}/clients"), None),
        (Method::GET, format!("/{realm}/users"), None),
        (Method::POST, format!("/{realm}/users"), Some(json!({ "username": "mallory" }))),
        (Method::PUT, "/master".to_owned(), body),
        (Method::GET, "/master/users".to_owned(), None),
    ] {
        let (status, _) = subject.admin(method.clone(), &path, body).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{method} {path}");
    }
    assert_eq!(subject.realms.users(realm).find("bob").await.unwrap_err().kind, Kind::Denied);
    assert!(other.ensure(&theirs).await.unwrap().is_empty());
    other.clean().await;
    let _gone = subject.realms.retire(&desired, DeletionPolicy::Delete).await.unwrap();
}

/// `plexica bootstrap` instead of it.
#[tokio::test]
async fn the_command_does_what_the_recipe_does() {
    let Some(keycloak) = require!(keycloak) else { return };
    plexica_testkit::tls();
    let id = plexica_testkit::unique("bootstrap");
    let config = Config::new(keycloak.url.parse().unwrap(), &id, Secret::new(SECRET));
    let username = keycloak.admin_user.clone();
    let administrator =
        bootstrap::Administrator { username: username.clone(), password: Secret::new(&keycloak.admin_password) };
    let made = bootstrap::apply(&config, &administrator).await.unwrap();
    let expected = format!("created client {id}, gave service account {id} the role create-realm");
    assert_eq!(made.to_string(), expected);
    assert_eq!(preflight(&config).await, Vec::<Finding>::new());
    assert!(bootstrap::apply(&config, &administrator).await.unwrap().is_empty());

    // The same account with another secret, since its realms are tied to it.
    let uuid =
        async || Administrator::of(&keycloak).get(&format!("/master/clients?clientId={id}")).await[0]["id"].clone();
    let before = uuid().await;
    let rotated = Config { client_secret: Secret::new("another secret"), ..config.clone() };
    let changed = bootstrap::apply(&rotated, &administrator).await.unwrap();
    assert_eq!(changed.to_string(), format!("changed client {id}"));
    assert_eq!(preflight(&rotated).await, Vec::<Finding>::new());
    assert_eq!(uuid().await, before);

    let nobody = bootstrap::Administrator { username, password: Secret::new("wrong") };
    let refused = bootstrap::apply(&config, &nobody).await.unwrap_err();
    assert_eq!(refused.kind, Kind::Denied, "{refused}");
}

/// A service account with that setting and role.
async fn account(keycloak: &Keycloak, lightweight: bool, role: Option<&str>) -> Config {
    let admin = Administrator::of(keycloak);
    let id = plexica_testkit::unique("preflight");
    let client = json!({
        "clientId": id, "secret": SECRET, "publicClient": false, "serviceAccountsEnabled": true,
        "attributes": { "client.use.lightweight.access.token.enabled": lightweight.to_string() },
    });
    admin.post("/master/clients", client).await;
    if let Some(role) = role {
        let client = admin.get(&format!("/master/clients?clientId={id}")).await;
        let uuid = client[0]["id"].as_str().unwrap().to_owned();
        let user = admin.get(&format!("/master/clients/{uuid}/service-account-user")).await;
        let role = admin.get(&format!("/master/roles/{role}")).await;
        let mappings = format!("/master/users/{}/role-mappings/realm", user["id"].as_str().unwrap());
        admin.post(&mappings, json!([role])).await;
    }
    Config::new(keycloak.url.parse().unwrap(), id, Secret::new(SECRET))
}

#[tokio::test]
async fn preflight_names_each_setting_that_is_wrong() {
    let Some(keycloak) = require!(keycloak) else { return };
    plexica_testkit::tls();
    for (lightweight, role, fix) in [
        (true, None, "--rolename create-realm"),
        (false, Some("create-realm"), "client.use.lightweight.access.token.enabled"),
        (true, Some("admin"), "kcadm.sh remove-roles"),
    ] {
        let config = account(&keycloak, lightweight, role).await;
        let findings = preflight(&config).await;
        let [finding] = &findings[..] else { panic!("{role:?}: {findings:?}") };
        assert!(finding.fix.contains(fix), "{finding:?}");
        assert!(finding.what.contains(&config.client_id) || finding.fix.contains(&config.client_id), "{finding:?}");
    }
}

/// What our way costs beside the bare call with the same body.
#[tokio::test]
#[ignore = "a measurement: run it alone, with --nocapture"]
async fn creating_a_realm_beside_the_bare_call() {
    let Some(subject) = real::subject().await else { return };
    let (mut bare, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        let desired = tenant();
        let begun = Instant::now();
        subject.make(&desired).await;
        ours.push(begun.elapsed());
        let mut body = subject.proxy.last_body();
        body["realm"] = json!(plexica_testkit::unique("bare"));
        let begun = Instant::now();
        assert_eq!(subject.admin(Method::POST, "", Some(body.clone())).await.0, StatusCode::CREATED);
        bare.push(begun.elapsed());
        subject.admin(Method::DELETE, &format!("/{}", body["realm"].as_str().unwrap()), None).await;
    }
    subject.clean().await;
    println!("bare token and POST {bare:?}, observe and ensure {ours:?}");
    println!("least: bare {:?}, ours {:?}", bare.iter().min(), ours.iter().min());
}
