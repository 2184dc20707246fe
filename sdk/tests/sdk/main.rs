//! What a plugin of this SDK does, on a real Postgres: each is a line of the contract for plugins.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;
mod config;
mod lifecycle;
mod requests;
mod tenants;
mod tokens;
mod upgrade;
