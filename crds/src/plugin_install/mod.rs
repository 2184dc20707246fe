//! `PluginInstall`: a plugin for a tenant.

mod spec;
mod status;

pub use spec::{Isolation, PluginInstall, PluginInstallSpec, PluginReference, TenantReference};
pub use status::{DatabaseStatus, Phase, PluginInstallStatus, RouteStatus};
