//! What the operator asks.

use serde::{Deserialize, Serialize};

use crate::{
    name::{PluginVersion, Slug},
    tenancy::PluginTenant,
};

/// What to do for one tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Bring the tenant's schema to this version; it may already be there.
    Install,
    /// Bring the tenant's schema from an older version to this one by its expand steps. The older
    /// version serves meanwhile, and may have to serve again.
    Upgrade,
    /// Run the contract steps that are left: no older version is gone back to any more.
    Contract,
    /// Serve the tenant by this older version again. What newer expand steps added stays.
    Rollback,
    /// The tenant's configuration is to be another: take it, refuse it, or ask to be started again.
    /// Only of a plugin whose manifest says [`Reload::Ask`](crate::manifest::Reload::Ask).
    Configure,
    /// The tenant's routes are gone; stop background work, keep the data.
    Disable,
    /// Remove the tenant's data. After a deadline the operator removes what is left.
    Purge,
}

/// The body of a lifecycle call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// What to do.
    pub action: Action,
    /// For whom; equals the token's tenant.
    pub tenant: Slug,
    /// The version whose migrations ran last for this tenant, if any did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_version: Option<PluginVersion>,
    /// The version to be at when done.
    pub to_version: PluginVersion,
    /// The configuration in force, when another is to be: that is in the parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_config: Option<serde_json::Value>,
    /// What the plugin needs to serve this tenant.
    pub parameters: PluginTenant,
}
