//! The object store: the same tests over the embedded one and MinIO.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod archive;
mod embedded;
mod keys;
mod lifecycle;
mod preflight;
mod rights;
#[path = "../support/tls.rs"]
mod support;
mod tls;
mod world;

/// Runs a test over both stores.
#[macro_export]
macro_rules! on_stores {
    ($($name:ident)*) => {
        mod on_embedded {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let Some(server) = plexica_testkit::require!(postgres17) else { return };
                super::$name($crate::world::World::embedded(server).await).await;
            })*
        }
        mod on_minio {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let Some(server) = plexica_testkit::require!(postgres17) else { return };
                let Some(minio) = plexica_testkit::require!(minio) else { return };
                super::$name($crate::world::World::minio(server, minio).await).await;
            })*
        }
    };
}
