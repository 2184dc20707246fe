//! Who serves a tenant, whatever the spec says by now.
//!
//! The operator withdraws a route before it does anything else of what takes it away. As long as there is one, the
//! install serves: others may need it, or an annotation have the operator leave it alone.

use super::{Isolation, PluginInstall, RouteStatus};
use crate::label::has_left;

impl PluginInstall {
    /// Whether the plugin takes requests of the tenant: while they are led to it, and before that if they are to be.
    pub fn is_served(&self) -> bool {
        self.route().is_some() || (self.spec.enabled && self.metadata.deletion_timestamp.is_none())
    }

    /// Whether requests of the tenant are or will be led to a workload of that isolation.
    pub fn may_be_served_by(&self, isolation: Isolation) -> bool {
        self.spec.isolation == isolation || self.route().and_then(|route| route.isolation) == Some(isolation)
    }

    /// Where requests are led. Of one that goes without our finalizer nobody withdraws the route.
    pub fn route(&self) -> Option<&RouteStatus> {
        self.status.as_ref()?.route.as_ref().filter(|_| !has_left(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::label::FINALIZER;
    use serde_json::json;

    fn install(enabled: bool, goes: bool, isolation: &str, routed: Option<&str>) -> PluginInstall {
        let route = routed.map(|isolation| json!({ "path": "/", "upstream": "http://x", "isolation": isolation }));
        let mut install: PluginInstall = serde_json::from_value(json!({
            "apiVersion": "plexica.io/v1alpha1", "kind": "PluginInstall", "metadata": { "name": "crm", "finalizers": [FINALIZER] },
            "spec": { "tenantRef": { "name": "acme" }, "plugin": { "id": "crm", "version": "*" },
                "enabled": enabled, "isolation": isolation },
            "status": { "route": route },
        }))
        .unwrap();
        install.metadata.deletion_timestamp =
            goes.then(|| serde_json::from_value(json!("2026-01-01T00:00:00Z")).unwrap());
        install
    }

    #[test]
    fn it_is_served_until_its_route_is_withdrawn() {
        for (enabled, goes, routed, expected) in [
            (true, false, None, true),
            (true, false, Some("Shared"), true),
            (false, false, None, false),
            (false, false, Some("Shared"), true),
            (true, true, None, false),
            (true, true, Some("Shared"), true),
        ] {
            let install = install(enabled, goes, "Shared", routed);
            assert_eq!(install.is_served(), expected, "{enabled} {goes} {routed:?}");
        }
    }

    #[test]
    fn nobody_is_led_to_what_goes_without_being_cleaned_up() {
        let mut gone = install(true, true, "Shared", Some("Shared"));
        assert!(gone.route().is_some());
        gone.metadata.finalizers = Some(vec!["somebody.else/waits".into()]);
        assert!(gone.route().is_none() && !gone.is_served());
        gone.metadata.deletion_timestamp = None;
        assert!(gone.is_served(), "it has none yet");
    }

    #[test]
    fn who_moves_is_served_by_both() {
        for (isolation, routed, shared, dedicated) in [
            ("Shared", None, true, false),
            ("Shared", Some("Shared"), true, false),
            ("Shared", Some("Dedicated"), true, true),
            ("Dedicated", Some("Shared"), true, true),
            ("Dedicated", Some("Dedicated"), false, true),
            ("Dedicated", None, false, true),
        ] {
            let install = install(true, false, isolation, routed);
            let by = [Isolation::Shared, Isolation::Dedicated].map(|one| install.may_be_served_by(one));
            assert_eq!(by, [shared, dedicated], "{isolation} {routed:?}");
        }
    }
}
