//! The gateway between real sockets: clients, upstreams and a server of realms' keys.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::needless_pass_by_value)]

mod cors;
mod harness;
mod keycloak;
mod keys;
mod kubernetes;
mod limits;
mod rates;
mod requests;
mod resources;
mod snapshot;
mod tls;
mod tokens;
mod upstream;
