//! The real parts: each is had from a package registry, kept in the cache, started once and
//! shared by all who ask for it.

pub mod docker;
pub mod golang;
pub mod helm_docs;
pub mod keycloak;
pub mod kubeconform;
pub mod kubernetes;
mod life;
pub mod maven;
pub mod minio;
mod part;
pub mod postgres;
pub mod registry;
pub mod stand_in;
pub mod tools;
pub mod versitygw;

pub use kubernetes::Tier;
pub use life::{down, hold, release, running, up};
pub use part::Part;
pub use postgres::Server;
