//! Everything a Plexica plugin imports.
//!
//! A plugin is an HTTP API that many tenants use and whose code never chooses between them: a
//! handler gets the [`Tenant`] of the verified token, and [`Tenant::db`] is a transaction in that
//! tenant's schema under that tenant's database role.
//!
//! ```no_run
#![doc = include_str!("../examples/hello.rs")]
//! ```
//!
//! | to | there is |
//! |---|---|
//! | declare the plugin | [`Manifest`], [`permissions!`] |
//! | say who may call a route | [`Allowed`], [`SignedIn`], [`Public`]: the first argument of each handler |
//! | know who calls | [`User`], [`Tenant`] |
//! | read a request | [`Json`], [`Query`], [`Path`], [`Checks`], and every extractor of axum |
//! | answer an error | [`Error`], [`Result`] |
//! | make tables | [`Plugin::migrations`] |
//! | take part in install, upgrade, disable, purge | [`Plugin::on_install`] and its siblings |
//! | hear of another configuration | [`Plugin::on_config`] |
//! | run it | [`Plugin::run`] |
//! | test it on a real Postgres | `TestHost`, with the feature `test-host` |
//!
//! What the platform asks of a plugin in any language is in `docs/plugin-contract.md`; the SDK does
//! all of it.

mod caller;
mod checks;
mod correlation;
mod database;
mod environment;
mod error;
mod extract;
mod guard;
mod health;
mod host;
mod keys;
mod lifecycle;
mod log;
mod manifest;
mod migration;
mod panic;
mod permission;
mod platform;
mod plugin;
mod routes;
mod serve;
mod tenant;
#[cfg(feature = "test-host")]
pub mod test_host;
mod user;

pub use checks::Checks;
pub use database::{DatabaseUrlError, Db};
pub use environment::EnvironmentError;
pub use error::{Error, Result};
pub use extract::{Json, Path, Query};
pub use guard::{Access, Allowed, Guard, Guarded, Public, SignedIn};
pub use host::Limits;
pub use lifecycle::{ConfigChange, Lifecycle, Reload};
pub use manifest::{Manifest, ManifestError};
pub use migration::MigrationError;
#[cfg(feature = "check-migrations")]
pub use migration::check_migrations;
pub use permission::{Declaration, Permission};
pub use plexica_contract::{
    self as contract,
    error::Code,
    manifest::{ResourceQuantities, Resources},
    name::Slug,
};
pub use plugin::{Plugin, PluginError};
pub use routes::{Route, Routes};
pub use serve::RunError;
pub use tenant::Tenant;
#[cfg(feature = "test-host")]
pub use test_host::TestHost;
pub use user::User;

// The versions that the SDK's own types are of.
pub use {axum, include_dir, sqlx};

/// What most files of a plugin use.
pub mod prelude {
    pub use crate::{
        Allowed, Checks, ConfigChange, Db, Error, Json, Lifecycle, Manifest, Path, Plugin, Public, Query, Reload,
        Result, Routes, RunError, SignedIn, Tenant, User, permissions,
    };
}
