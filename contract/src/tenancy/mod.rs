//! What a plugin learns about the tenants it serves.
//!
//! The plugin asks the core API at [`crate::path::PLUGIN_TENANTS`] with its own credential (HTTP
//! Basic: user `plugin:<id>`, or `plugin:<id>:<tenant>` for a `Dedicated` workload; password from its
//! environment), at start and again on change: `?after=<revision>` holds the answer back until
//! there is a newer revision or 30 s have passed (then 204). `?version=<its version>` says who asks:
//! while a tenant is upgraded two versions of a plugin run, each with a configuration of its own.
//! A lifecycle call carries the same for its one tenant.

use serde::{Deserialize, Serialize};

use crate::name::Slug;

/// One tenant, as one plugin may know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PluginTenant {
    /// The tenant.
    pub tenant: Slug,
    /// The tenant's schema for this plugin.
    pub schema: String,
    /// The role to take in each transaction (`set_config('role', …, true)`).
    pub role: String,
    /// The configuration in force: a `PluginInstall.spec.config` that was checked against the
    /// manifest's schema, and that the plugin has taken.
    #[serde(default)]
    pub config: serde_json::Value,
    /// Of a configuration that is in force in processes that were started for it: of which restart
    /// those are ([`environment::RESTARTS`]). One of them that has been told of the configuration
    /// before, since its list was older than itself, has this one from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since_restart: Option<i64>,
    /// Words in the tenant's plan that the plugin may switch something on by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<String>,
    /// Whether requests are routed; lifecycle calls come either way.
    pub enabled: bool,
    /// Whether the tenant is suspended: the answer to its users is 403 `TENANT_SUSPENDED`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suspended: bool,
}

/// All tenants of one plugin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PluginTenants {
    /// An opaque mark of this state, for `?after=`.
    pub revision: String,
    /// The tenants it is installed for, by slug.
    pub tenants: Vec<PluginTenant>,
}

/// Environment variables that a plugin's process is started with.
pub mod environment {
    /// The plugin's id.
    pub const PLUGIN_ID: &str = "PLEXICA_PLUGIN_ID";
    /// The plugin's version.
    pub const PLUGIN_VERSION: &str = "PLEXICA_PLUGIN_VERSION";
    /// The installation's id, part of the issuer of platform tokens.
    pub const INSTALLATION: &str = "PLEXICA_INSTALLATION";
    /// Base URL of the core API as the plugin reaches it.
    pub const PLATFORM_URL: &str = "PLEXICA_URL";
    /// User of the plugin's own credential for the core API.
    pub const CREDENTIAL_USER: &str = "PLEXICA_CREDENTIAL_USER";
    /// Password of the plugin's own credential for the core API.
    pub const CREDENTIAL_PASSWORD: &str = "PLEXICA_CREDENTIAL_PASSWORD";
    /// The platform's public keys at start (JSON of [`crate::token::PublicKeys`]); refreshed from
    /// [`crate::path::PLATFORM_KEYS`].
    pub const PLATFORM_KEYS: &str = "PLEXICA_KEYS";
    /// The plugin's own database login.
    pub const DATABASE_URL: &str = "DATABASE_URL";
    /// How often the workload was started again for a configuration; absent: never.
    pub const RESTARTS: &str = "PLEXICA_RESTARTS";
    /// PEM file of CAs to trust besides the system's, for the database and the core API; absent: none.
    pub const CA_BUNDLE: &str = "PLEXICA_CA_BUNDLE";
    /// Where to listen, `address:port`.
    pub const LISTEN: &str = "PLEXICA_LISTEN";
    /// For how many seconds to go on taking connections after SIGTERM; absent: none. In a cluster
    /// requests are sent on for a moment to a pod that has been told to end.
    pub const SHUTDOWN_DELAY: &str = "PLEXICA_SHUTDOWN_DELAY";
}
