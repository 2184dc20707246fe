//! The core API between a real Kubernetes API and a real Postgres.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod access;
mod harness;
mod installs;
mod internal;
mod needed;
mod operations;
mod tenants;
