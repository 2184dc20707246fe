//! `PluginInstall`: a plugin for a tenant.

mod configuration;
mod seniority;
mod serving;
mod spec;
mod status;
mod upgrade;

pub use configuration::{ConfigurationStatus, FormerConfiguration, Restart};
pub use spec::{Isolation, PluginInstall, PluginInstallSpec, PluginReference, TenantReference};
pub use status::{DatabaseStatus, Phase, PluginInstallStatus, RightsStatus, RouteStatus};
pub use upgrade::{UpgradePhase, UpgradeStatus};
