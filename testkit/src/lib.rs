//! What tests share: where the real parts are, fresh databases, names nobody else has, waiting.
//!
//! ```no_run
//! # async fn test() {
//! use plexica_testkit::require;
//!
//! let Some(postgres) = require!(postgres17) else { return };
//! let database = postgres.database().await;
//! let slug = database.unique("acme");
//! # }
//! ```
//!
//! `cargo xtask up` starts the parts. A test whose part does not run is skipped aloud; with
//! `CI=true` it fails.
//!
//! | `require!(…)` | gives |
//! |---|---|
//! | `postgres15`, `postgres17`, `postgres_t2` | [`postgres::Server`] |
//! | `keycloak` | [`keycloak::Keycloak`] |
//! | `minio`, `versitygw` | [`s3::ObjectStore`] |
//! | `docker` | [`docker::Engine`] |
//! | `registry` | [`registry::Registry`] |
//! | `kubernetes`, `kubernetes_t1`, `kubernetes_t2` | [`kubernetes::Cluster`] |
//!
//! With the feature `standalone`, `api_server::ApiServer` is the cluster's or the standalone API, as
//! `PLEXICA_TEST_API` says.

// A test helper fails the test: that is its way of reporting.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[cfg(feature = "standalone")]
pub mod api_server;
pub mod dashboard;
pub mod dev;
pub mod docker;
pub mod keycloak;
pub mod kubernetes;
pub mod part;
pub mod postgres;
pub mod process;
pub mod registry;
pub mod s3;
pub mod spec;
pub mod unique;
pub mod wait;

pub use part::{Missing, or_skip};
pub use unique::unique;
pub use wait::{wait_for, wait_until};

/// The running part of that name, or `None` after saying that the test is skipped and why.
///
/// With `CI=true` a missing part fails the test.
#[macro_export]
macro_rules! require {
    (postgres15) => {
        $crate::or_skip($crate::postgres::Server::find($crate::postgres::PgVersion::V15))
    };
    (postgres17) => {
        $crate::or_skip($crate::postgres::Server::find($crate::postgres::PgVersion::V17))
    };
    (postgres_t2) => {
        $crate::or_skip($crate::postgres::Server::find($crate::postgres::PgVersion::T2))
    };
    (keycloak) => {
        $crate::or_skip($crate::keycloak::Keycloak::find())
    };
    (minio) => {
        $crate::or_skip($crate::s3::ObjectStore::minio())
    };
    (versitygw) => {
        $crate::or_skip($crate::s3::ObjectStore::versitygw())
    };
    (docker) => {
        $crate::or_skip($crate::docker::Engine::find())
    };
    (registry) => {
        $crate::or_skip($crate::registry::Registry::find())
    };
    (kubernetes) => {
        $crate::or_skip($crate::kubernetes::Cluster::find($crate::kubernetes::Tier::T0))
    };
    (kubernetes_t1) => {
        $crate::or_skip($crate::kubernetes::Cluster::find($crate::kubernetes::Tier::T1))
    };
    (kubernetes_t2) => {
        $crate::or_skip($crate::kubernetes::Cluster::find($crate::kubernetes::Tier::T2))
    };
}

/// Installs the TLS provider, once per process; calling it again does nothing.
pub fn tls() {
    // An error means that it is installed already.
    let _installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
}
