//! Who a path is for.

use plexica_contract::{
    name::PluginId,
    path::{CORE_API, PLUGIN_RESERVED, PLUGIN_ROUTES},
};

/// The core API's description, which any signed-in user may read.
const OPENAPI: &str = "/api/openapi.json";

/// Who a path is for, and the path there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A plugin; the prefix is stripped.
    Plugin {
        /// Which.
        id: PluginId,
        /// The path at the plugin.
        path: String,
    },
    /// The core API; the path is the same there.
    CoreApi {
        /// The path at the core API.
        path: String,
    },
}

/// Reads a path in normal form. Nothing for what is never routed: other prefixes (`/internal`
/// among them) and what a plugin serves to the platform alone.
pub fn target(path: &str) -> Option<Target> {
    if let Some(rest) = path.strip_prefix(PLUGIN_ROUTES) {
        let (id, rest) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let id = id.parse().ok()?;
        if is_reserved(rest) {
            return None;
        }
        let path = if rest.is_empty() { "/" } else { rest };
        return Some(Target::Plugin { id, path: path.to_owned() });
    }
    let core =
        path == OPENAPI || path.strip_prefix(CORE_API).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    core.then(|| Target::CoreApi { path: path.to_owned() })
}

/// Also for servers that ignore case or cut parameters off.
fn is_reserved(path: &str) -> bool {
    let first = path.trim_start_matches('/').split(['/', ';']).next().unwrap_or_default();
    first.eq_ignore_ascii_case(PLUGIN_RESERVED.trim_start_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plugins_and_the_core_api() {
        let plugin = |path: &str| Some(Target::Plugin { id: "crm".parse().unwrap(), path: path.into() });
        let core = |path: &str| Some(Target::CoreApi { path: path.into() });
        for (path, expected) in [
            ("/api/plugins/crm", plugin("/")),
            ("/api/plugins/crm/", plugin("/")),
            ("/api/plugins/crm/contacts/1", plugin("/contacts/1")),
            ("/api/plugins/crm/a/_plexica", plugin("/a/_plexica")),
            ("/api/plugins/crm/_plexica2", plugin("/_plexica2")),
            ("/api/v1", core("/api/v1")),
            ("/api/v1/me", core("/api/v1/me")),
            ("/api/openapi.json", core("/api/openapi.json")),
        ] {
            assert_eq!(target(path), expected, "{path}");
        }
    }

    #[test]
    fn what_is_never_routed() {
        for path in [
            "/",
            "/api",
            "/api/",
            "/api/v2/me",
            "/api/v1x",
            "/api/openapi.json/x",
            "/api/plugins",
            "/api/plugins/",
            "/api/plugins/CRM/x",
            "/api/plugins/a--b/x",
            "/api/plugins/crm;x/y",
            "/api/plugins/crm/_plexica",
            "/api/plugins/crm/_plexica/lifecycle",
            "/api/plugins/crm/_PLEXICA/lifecycle",
            "/api/plugins/crm/_plexica;a=b/lifecycle",
            "/internal/v1/keys",
            "/internal/v1/plugin/tenants",
            "/metrics",
        ] {
            assert_eq!(target(path), None, "{path}");
        }
    }
}
