//! The platform's REST API, for tenants' administrators and the platform's own.
//!
//! It changes things by writing resources, and only so: the operator does the rest. A folder per
//! noun, a file per verb; who may call is the first argument of each handler ([`access`]).

pub mod access;
mod config;
mod database;
pub mod http;
mod installs;
mod internal;
mod kubernetes;
mod me;
pub mod openapi;
mod operations;
mod plugins;
pub mod reference;
mod start;
mod state;
mod tenants;

pub use config::Config;
pub use database::DatabaseUrlError;
pub use start::{StartError, start};
