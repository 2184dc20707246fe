//! Paths on the wire.

use crate::name::PluginId;

/// Where a plugin answers lifecycle calls (`POST`).
pub const LIFECYCLE: &str = "/_plexica/lifecycle";
/// Health of the process (`GET`); `?tenant=<slug>` asks for one tenant.
pub const HEALTH: &str = "/_plexica/health";
/// Where a plugin takes event deliveries (`POST`).
pub const EVENTS: &str = "/_plexica/events";
/// Everything under it belongs to the platform and is never routed from outside.
pub const PLUGIN_RESERVED: &str = "/_plexica";
/// Where the gateway serves plugins: `/api/plugins/<id>/…`.
pub const PLUGIN_ROUTES: &str = "/api/plugins/";
/// Where the core API lives.
pub const CORE_API: &str = "/api/v1";
/// Where a plugin asks the core API for its tenants ([`crate::tenancy::PluginTenants`]).
/// Not routed by the gateway.
pub const PLUGIN_TENANTS: &str = "/internal/v1/plugin/tenants";
/// Where the core API publishes the platform's public keys (a JWK set, RFC 7517).
pub const PLATFORM_KEYS: &str = "/internal/v1/keys";

/// The prefix of a plugin's routes at the gateway, without a trailing slash.
pub fn plugin_route(plugin: &PluginId) -> String {
    format!("{PLUGIN_ROUTES}{plugin}")
}
