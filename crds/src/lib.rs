//! Plexica's resources: [`Tenant`], [`Plugin`], [`PluginInstall`] (`plexica.io/v1alpha1`).
//!
//! Types, CEL rules, conditions and reasons; no I/O. `cargo xtask crdgen` writes the YAML.

// Several printer columns have the same `type_`, which the lint takes for one attribute twice.
#![allow(clippy::duplicated_attributes)]

pub mod condition;
mod credential;
pub mod dependency;
pub mod label;
mod operation;
pub mod plugin;
pub mod plugin_install;
pub mod tenant;

pub use condition::{ConditionType, Conditions, Reason, Remedy};
pub use credential::CredentialStatus;
pub use operation::{OperationKind, OperationPhase, OperationStatus, OperationStep, StepPhase};
pub use plugin::{Plugin, PluginSpec, PluginStatus};
pub use plugin_install::{PluginInstall, PluginInstallSpec, PluginInstallStatus};
pub use tenant::{Tenant, TenantSpec, TenantStatus};

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;

/// API group of all three kinds.
pub const GROUP: &str = "plexica.io";
/// Their one version.
pub const VERSION: &str = "v1alpha1";

/// The three definitions, in the order they are applied.
pub fn all() -> Vec<CustomResourceDefinition> {
    vec![Tenant::crd(), Plugin::crd(), PluginInstall::crd()]
}
