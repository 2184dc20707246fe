//! What a realm holds, read for a backup.

use plexica_backends::keycloak::{RealmDesired, client};
use plexica_crds::tenant::DeletionPolicy;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::subject::{Subject, owner, tenant};

pub async fn a_realm_is_read_with_all_its_users_and_without_secrets(subject: &Subject) {
    let desired = tenant();
    let realm = desired.realm.clone();
    assert!(!subject.realms.owns(&desired).await.unwrap());
    subject.make(&desired).await;
    subject.add_bob(&realm).await;
    // One more than a page.
    for number in 0..100 {
        let user = json!({ "username": format!("user-{number:03}") });
        let (status, answer) = subject.admin(Method::POST, &format!("/{realm}/users"), Some(user)).await;
        assert_eq!(status, StatusCode::CREATED, "{answer}");
    }
    let foreign = RealmDesired { owner: owner("another", "1"), ..desired.clone() };
    assert!(!subject.realms.owns(&foreign).await.unwrap());
    assert!(subject.realms.owns(&desired).await.unwrap());
    subject.proxy.writes();

    let whole = subject.realms.export(&realm).await.unwrap();
    assert_eq!(whole["realm"], realm.as_str());
    let roles = whole["roles"]["realm"].as_array().unwrap();
    assert!(roles.iter().any(|role| role["name"] == "admin"), "{roles:?}");
    let clients = whole["clients"].as_array().unwrap();
    let api = clients.iter().find(|one| one["clientId"] == client::API).unwrap();
    assert_eq!(api["secret"], "**********");

    let (first, next) = subject.realms.export_users(&realm, 0).await.unwrap();
    assert_eq!((first.len(), next), (100, Some(100)));
    let (second, next) = subject.realms.export_users(&realm, 100).await.unwrap();
    assert_eq!((second.len(), next), (1, None));
    let mut names: Vec<_> = first.iter().chain(&second).map(|user| user["username"].as_str().unwrap()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 101);
    let bob = first.iter().find(|user| user["username"] == "bob").unwrap();
    assert!(bob["realmRoles"].as_array().unwrap().contains(&json!("admin")), "{bob}");
    assert_eq!((&bob["groups"], &bob["credentials"]), (&json!([]), &json!(null)));

    // One that is kept is the owner's as well.
    let _ = subject.realms.retire(&desired, DeletionPolicy::Retain).await.unwrap();
    assert!(subject.realms.owns(&desired).await.unwrap());
}
