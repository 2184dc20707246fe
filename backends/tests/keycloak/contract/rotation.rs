//! A realm's client for servers gets a new secret while the old one is still good.

use jiff::Timestamp;
use plexica_backends::Secret;
use plexica_backends::keycloak::{Observed, RealmDesired, Servers};
use reqwest::StatusCode;

use crate::subject::{Subject, tenant};

/// The same realm with servers of the generation that `change` makes of the one there is.
async fn turned(
    subject: &Subject,
    desired: &RealmDesired,
    change: impl FnOnce(plexica_backends::Generation) -> plexica_backends::Generation,
) -> RealmDesired {
    let Observed::Present(present) = subject.realms.observe(desired).await.unwrap() else { panic!("no realm") };
    let generation = change(present.generation());
    let secret = (generation.number > 1).then(|| Secret::new(format!("secret-of-{}", generation.number)));
    RealmDesired { servers: Servers { generation, secret }, ..desired.clone() }
}

async fn status(subject: &Subject, realm: &str, id: &str, secret: &str) -> StatusCode {
    let form = [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret)];
    subject.token(realm, &form).await.0
}

pub async fn both_secrets_are_good_until_the_one_before_ends(subject: &Subject) {
    let desired = tenant();
    let realm = desired.realm.as_str();
    subject.make(&desired).await;
    let first = subject.realms.client_secret(realm).await.unwrap();
    let mut before = ("api", first.reveal().to_owned());
    for (id, number) in [("api-2", 2), ("api", 3), ("api-2", 4)] {
        let now = Timestamp::from_second(1_800_000_000 + number).unwrap();
        let rotated = turned(subject, &desired, |was| was.next(["it".to_owned()].into(), now)).await;
        subject.proxy.writes();
        assert!(!subject.ensure(&rotated).await.unwrap().is_empty());
        assert_eq!(subject.proxy.writes().len(), 1, "one write, so that it is never half done");
        let Observed::Present(present) = subject.realms.observe(&rotated).await.unwrap() else { panic!("no realm") };
        assert_eq!(present.generation(), rotated.servers.generation);
        let secret = subject.realms.client_secret(realm).await.unwrap();
        assert_eq!(secret.reveal(), format!("secret-of-{number}"));
        assert_eq!(status(subject, realm, id, secret.reveal()).await, StatusCode::OK);
        assert_eq!(status(subject, realm, before.0, &before.1).await, StatusCode::OK, "{number}");
        assert!(subject.ensure(&rotated).await.unwrap().is_empty(), "nothing is written again");

        let ended = turned(subject, &rotated, |was| was.alone()).await;
        subject.proxy.writes();
        assert!(!subject.ensure(&ended).await.unwrap().is_empty());
        assert_eq!(subject.proxy.writes().len(), 1);
        assert_eq!(status(subject, realm, id, secret.reveal()).await, StatusCode::OK);
        assert!(status(subject, realm, before.0, &before.1).await.is_client_error(), "{number}");
        assert!(subject.ensure(&ended).await.unwrap().is_empty(), "nothing is written again");
        before = (id, secret.reveal().to_owned());
    }
}

pub async fn two_operators_rotate_to_the_same(subject: &Subject) {
    let desired = tenant();
    subject.make(&desired).await;
    let rotated = turned(subject, &desired, |was| was.next([].into(), Timestamp::UNIX_EPOCH)).await;
    let seen = subject.realms.observe(&rotated).await.unwrap();
    let (one, other) = tokio::join!(subject.realms.ensure(&rotated, &seen), subject.realms.ensure(&rotated, &seen));
    assert!(!one.unwrap().is_empty() && !other.unwrap().is_empty());
    assert_eq!(subject.realms.client_secret(&desired.realm).await.unwrap().reveal(), "secret-of-2");
    assert!(subject.ensure(&rotated).await.unwrap().is_empty());
}
