//! Which workload came, went, or changed how it stands.

use plexica_contract::name::{PluginId, Slug};

/// Whose workload changed by itself or by somebody else's hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The plugin.
    pub plugin: PluginId,
    /// The tenant of a `Dedicated` workload; that of a `Shared` one serves all.
    pub tenant: Option<Slug>,
}

impl Changed {
    /// Whether the workload may be the one that serves the plugin for the tenant.
    pub fn concerns(&self, plugin: &str, tenant: &str) -> bool {
        self.plugin.as_str() == plugin && self.tenant.as_ref().is_none_or(|of| of.as_str() == tenant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_concerns_every_tenant_and_dedicated_one() {
        let of = |tenant: Option<&str>| Changed {
            plugin: "crm".parse().unwrap(),
            tenant: tenant.map(|tenant| tenant.parse().unwrap()),
        };
        for (changed, plugin, tenant, concerns) in [
            (of(None), "crm", "acme", true),
            (of(None), "files", "acme", false),
            (of(Some("acme")), "crm", "acme", true),
            (of(Some("acme")), "crm", "other", false),
            (of(Some("acme")), "files", "acme", false),
        ] {
            assert_eq!(changed.concerns(plugin, tenant), concerns, "{changed:?} {plugin} {tenant}");
        }
    }
}
