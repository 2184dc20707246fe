//! Postgres: schemas, roles and logins, made by a login that is no superuser.
//!
//! The operator's login takes the role [`PROVISIONER`] in every connection; that role owns every
//! schema of Plexica, so a tenant's or plugin's role can neither change a mark nor open a schema.
//! What a superuser does once per database is [`bootstrap::SQL`].
//!
//! | module | object |
//! |---|---|
//! | [`core`] | schema `core`, the platform's own |
//! | [`tenant`] | schema and role `tenant_<slug>` |
//! | [`plugin`] | schema and role `tenant_<slug>_plugin_<id>` |
//! | [`login`] | what a plugin signs in with |
//! | [`permission`] | a plugin's permissions in a tenant's schema |
//! | [`credential`] | a workload's own credential for the core API |
//! | [`generation`] | which generation of the two a workload has |
//! | [`restart`] | how often a workload was started again |
//! | [`dump`] | what a schema holds, for a backup |
//! | [`intent`] | what is about to be created where creation and mark are not one step |

pub(crate) mod begin;
pub mod bootstrap;
pub mod core;
pub mod credential;
pub mod dump;
mod failure;
pub mod generation;
pub mod intent;
pub mod login;
mod migration;
pub mod operation;
pub mod permission;
mod placement;
pub mod plugin;
pub mod preflight;
mod provisioner;
pub mod restart;
mod role_admin;
mod scram;
mod space;
mod sql;
pub mod tenant;

pub use placement::{DEFAULT_PLACEMENT, Placement, Placements};
pub use provisioner::Provisioner;
pub use space::{Observed, PROVISIONER};

/// The core API's login: may take every tenant's role.
pub const CORE_API: &str = "plexica_core_api";
/// The operator's login: may take [`PROVISIONER`].
pub const OPERATOR: &str = "plexica_operator";
