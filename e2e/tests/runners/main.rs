//! What runs plugins, by one set of tests: processes, a Docker engine, a cluster with a node.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod contract;
mod docker;
mod registry;
mod subject;

/// Each of these tests, over each runner.
macro_rules! contract {
    ($($test:ident),* $(,)?) => {
        contract!(@ process: $($test),*);
        contract!(@ docker: $($test),*);
        contract!(@ kubernetes: $($test),*);
    };
    (@ $runner:ident: $($test:ident),*) => {
        mod $runner {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $test() {
                    if let Some(subject) = super::subject::Subject::$runner().await {
                        super::contract::$test(&subject).await;
                        subject.clear().await;
                    }
                }
            )*
        }
    };
}

mod of {
    use super::{contract, subject};

    contract!(
        it_is_made_once_and_goes_with_all_that_it_has,
        another_comes_up_beside_it_and_no_request_fails,
        one_that_died_comes_back_and_is_told_of,
        what_somebody_removed_is_made_again,
        it_has_no_rights,
        what_does_not_come_up_says_why,
    );
}
