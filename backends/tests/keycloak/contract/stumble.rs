//! Keycloak answers 500 to a call that had nothing wrong with it, while another realm is removed.

use plexica_backends::Kind;

use crate::subject::{Subject, tenant};

pub async fn a_call_that_keycloak_stumbles_over_is_repeated(subject: &Subject) {
    let desired = tenant();
    subject.proxy.fail(2);
    subject.make(&desired).await;
    assert_eq!(subject.proxy.failing(), 0);
    assert!(subject.ensure(&desired).await.unwrap().is_empty());
    // For long it is not: whoever called asks again later.
    subject.proxy.fail(usize::MAX);
    let error = subject.realms.observe(&desired).await.unwrap_err();
    assert_eq!(error.kind, Kind::Unavailable, "{error}");
    assert!(error.to_string().contains("500"), "{error}");
    assert_eq!(usize::MAX - subject.proxy.failing(), 3);
    subject.proxy.fail(0);
}
