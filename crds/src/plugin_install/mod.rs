//! `PluginInstall`: a plugin for a tenant.

mod seniority;
mod spec;
mod status;
mod upgrade;

pub use spec::{Isolation, PluginInstall, PluginInstallSpec, PluginReference, TenantReference};
pub use status::{DatabaseStatus, Phase, PluginInstallStatus, RouteStatus};
pub use upgrade::{UpgradePhase, UpgradeStatus};
