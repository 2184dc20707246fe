//! Nothing is lost, nothing is stolen.

use plexica_backends::keycloak::{Observed, RealmDesired};
use plexica_backends::ownership::Refusal;
use plexica_backends::{Kind, Retired};
use plexica_crds::tenant::{AdoptionPolicy, DeletionPolicy};
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::subject::{Subject, owner, tenant};

pub async fn what_others_own_is_never_touched(subject: &Subject) {
    let bare = tenant();
    let body = json!({ "realm": bare.realm, "displayName": "Theirs", "enabled": true });
    assert_eq!(subject.admin(Method::POST, "", Some(body)).await.0, StatusCode::CREATED);
    let other = tenant();
    subject.make(&other).await;
    let mut ours = other.clone();
    ours.owner.installation = "another".into();
    let master = RealmDesired::tenant("master", "Master", owner("master", "1"));
    subject.proxy.writes();
    for desired in [&bare, &ours, &master] {
        let observed = subject.realms.observe(desired).await.unwrap();
        assert!(matches!(observed, Observed::Refused(_)), "{observed:?}");
        let error = subject.realms.ensure(desired, &observed).await.unwrap_err();
        assert_eq!(error.kind, Kind::Conflict, "{error}");
        assert!(error.to_string().contains(&desired.realm), "{error}");
        // A plan made before somebody took the name ends the same way.
        let error = subject.realms.ensure(desired, &Observed::Absent).await.unwrap_err();
        assert_eq!(error.kind, Kind::Conflict, "{error}");
        for policy in [DeletionPolicy::Retain, DeletionPolicy::Delete] {
            assert_eq!(subject.realms.retire(desired, policy).await.unwrap(), Retired::Foreign);
        }
    }
    let tried = subject.proxy.writes();
    assert!(tried.iter().all(|write| write == "POST /admin/realms"), "{tried:?}");
    let (_, found) = subject.admin(Method::GET, &format!("/{}", bare.realm), None).await;
    assert_eq!((&found["displayName"], &found["enabled"]), (&json!("Theirs"), &json!(true)));
    assert_eq!(subject.realms.observe(&other).await.unwrap().drift(&other), []);
    subject.admin(Method::DELETE, &format!("/{}", bare.realm), None).await;
}

pub async fn a_kept_realm_gives_no_tokens_and_is_taken_back(subject: &Subject) {
    let desired = tenant();
    let realm = &desired.realm;
    subject.make(&desired).await;
    subject.add_bob(realm).await;
    assert_eq!(subject.password(realm, "bob", "correct horse").await.0, StatusCode::OK);

    assert_eq!(subject.realms.retire(&desired, DeletionPolicy::Retain).await.unwrap(), Retired::Kept);
    let (status, answer) = subject.password(realm, "bob", "correct horse").await;
    assert_eq!((status, answer["error"].as_str()), (StatusCode::FORBIDDEN, Some("access_denied")));
    subject.proxy.writes();
    assert_eq!(subject.realms.retire(&desired, DeletionPolicy::Retain).await.unwrap(), Retired::Kept);
    assert_eq!(subject.proxy.writes(), Vec::<String>::new());

    // Applied again: the same name with another uid.
    let mut again = desired.clone();
    again.owner.uid = "2".into();
    let changes = subject.ensure(&again).await.unwrap();
    assert_eq!(changes.to_string(), format!("set owner, enabled of realm {realm}"));
    assert_eq!(subject.password(realm, "bob", "correct horse").await.0, StatusCode::OK);
    assert!(subject.ensure(&again).await.unwrap().is_empty());
    let (_, found) = subject.admin(Method::GET, &format!("/{realm}"), None).await;
    assert_eq!(found["attributes"].get("plexica.io/retained-at"), None);
    // The earlier owner's finalizer comes late: it is not theirs any more.
    assert_eq!(subject.realms.retire(&desired, DeletionPolicy::Delete).await.unwrap(), Retired::Foreign);
}

pub async fn a_deleted_realm_is_gone(subject: &Subject) {
    let desired = tenant();
    assert_eq!(subject.realms.retire(&desired, DeletionPolicy::Delete).await.unwrap(), Retired::Gone);
    subject.make(&desired).await;
    assert_eq!(subject.realms.retire(&desired, DeletionPolicy::Delete).await.unwrap(), Retired::Removed);
    assert_eq!(subject.realms.retire(&desired, DeletionPolicy::Delete).await.unwrap(), Retired::Gone);
    assert_eq!(subject.realms.retire(&desired, DeletionPolicy::Retain).await.unwrap(), Retired::Gone);
    assert_eq!(subject.password(&desired.realm, "bob", "x").await.0, StatusCode::NOT_FOUND);
    // Kept first, and deleted by the same owner later.
    subject.make(&desired).await;
    assert_eq!(subject.realms.retire(&desired, DeletionPolicy::Retain).await.unwrap(), Retired::Kept);
    assert_eq!(subject.realms.retire(&desired, DeletionPolicy::Delete).await.unwrap(), Retired::Removed);
}

pub async fn an_earlier_realm_is_refused_without_adoption(subject: &Subject) {
    let desired = tenant();
    subject.make(&desired).await;
    assert_eq!(subject.realms.retire(&desired, DeletionPolicy::Retain).await.unwrap(), Retired::Kept);
    let mut again = desired.clone();
    again.owner.uid = "2".into();
    again.adoption = AdoptionPolicy::Never;
    let observed = subject.realms.observe(&again).await.unwrap();
    assert_eq!(observed, Observed::Refused(Refusal::Earlier(desired.owner.clone())));
    assert_eq!(subject.realms.ensure(&again, &observed).await.unwrap_err().kind, Kind::AdoptionRefused);
    assert_eq!(subject.realms.retire(&again, DeletionPolicy::Delete).await.unwrap(), Retired::Foreign);
}
