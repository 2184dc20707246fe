//! What is missing is named, with the commands that mend it.

use plexica_backends::keycloak::preflight;
use plexica_backends::preflight::Finding;
use plexica_backends::{Kind, Secret};

use crate::subject::{Subject, tenant};

pub async fn all_is_well(subject: &Subject) {
    assert_eq!(preflight(&subject.config).await, Vec::<Finding>::new());
}

pub async fn a_wrong_secret_is_named(subject: &Subject) {
    let mut config = subject.config.clone();
    config.client_secret = Secret::new("wrong");
    let [finding] = &preflight(&config).await[..] else { panic!("one finding") };
    assert!(finding.what.contains(&config.client_id), "{finding:?}");
    assert!(finding.fix.contains("kcadm.sh create clients"), "{finding:?}");
    let realms = plexica_backends::keycloak::Realms::new(config).unwrap();
    let error = realms.observe(&tenant()).await.unwrap_err();
    assert_eq!(error.kind, Kind::Denied);

    let mut config = subject.config.clone();
    config.public_url = "https://id.acme.test".parse().unwrap();
    let [finding] = &preflight(&config).await[..] else { panic!("one finding") };
    assert!(finding.fix.contains("--hostname=https://id.acme.test"), "{finding:?}");

    let mut config = subject.config.clone();
    config.url = "http://127.0.0.1:1".parse().unwrap();
    let [finding] = &preflight(&config).await[..] else { panic!("one finding") };
    assert!(finding.what.contains("KEYCLOAK_URL"), "{finding:?}");
    let realms = plexica_backends::keycloak::Realms::new(config).unwrap();
    assert_eq!(realms.observe(&tenant()).await.unwrap_err().kind, Kind::Unavailable);
}
