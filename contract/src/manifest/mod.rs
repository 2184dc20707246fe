//! What a plugin declares about itself: the fields of `Plugin.spec`.
//!
//! The same types make the CRD's schema and the SDK's builder, so a manifest that compiles is one
//! that applies.

mod migration;
mod parts;
mod plugin;

pub use migration::{MigrationDeclaration, MigrationPhase};
pub use parts::{
    Api, Configuration, Events, Frontend, PermissionDeclaration, Provision, Reload, Requirement, ResourceQuantities,
    Resources, Runtime, Translations,
};
pub use plugin::Manifest;
