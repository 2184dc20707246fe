//! Keycloak answers 500 to a call that had nothing wrong with it, while another realm is removed;
//! and shows nothing but the name of a realm that was made a moment ago.

use plexica_backends::keycloak::Observed;
use plexica_backends::{Kind, Retired};
use plexica_crds::tenant::DeletionPolicy;

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

pub async fn a_realm_that_shows_its_name_alone_for_a_moment_is_ours(subject: &Subject) {
    let desired = tenant();
    subject.make(&desired).await;
    subject.proxy.hide(2);
    let observed = subject.realms.observe(&desired).await.unwrap();
    assert!(matches!(observed, Observed::Present(_)), "{observed:?}");
    assert_eq!(subject.proxy.hiding(), 0);
    // It would be left behind for ever: whose tenant goes is not asked again.
    subject.proxy.hide(2);
    assert_eq!(subject.realms.retire(&desired, DeletionPolicy::Delete).await.unwrap(), Retired::Removed);
    assert_eq!(subject.proxy.hiding(), 0);
}

/// What an operator sees that follows one that was killed while it waited for the answer.
pub async fn a_realm_in_the_making_is_nobody_elses(subject: &Subject) {
    for _ in 0..3 {
        let desired = tenant();
        let making = subject.make(&desired);
        let watching = async {
            loop {
                match subject.realms.observe(&desired).await.unwrap() {
                    Observed::Present(_) => return,
                    Observed::Absent => tokio::task::yield_now().await,
                    Observed::Refused(refusal) => panic!("{refusal:?}"),
                }
            }
        };
        tokio::join!(making, watching);
    }
}
