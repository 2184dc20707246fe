//! Schemas, roles and logins on real servers, the oldest supported version and the recommended one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bootstrap;
mod drift;
mod faults;
mod isolation;
mod lifecycle;
mod operation;
mod rotation;
#[path = "../support/tls.rs"]
mod support;
mod tls;
mod world;

/// Runs a test on both versions, in a database of its own.
#[macro_export]
macro_rules! on_postgres {
    ($($name:ident)*) => {
        mod on_15 {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let Some(server) = plexica_testkit::require!(postgres15) else { return };
                super::$name($crate::world::World::new(server).await).await;
            })*
        }
        mod on_17 {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let Some(server) = plexica_testkit::require!(postgres17) else { return };
                super::$name($crate::world::World::new(server).await).await;
            })*
        }
    };
}
