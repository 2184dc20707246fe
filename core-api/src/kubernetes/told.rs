//! By what plugins are told of their tenants: a change of the rest is none to them.

use plexica_crds::{PluginInstall, Tenant, plugin_install::Isolation};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// A digest of it.
pub type Told = [u8; 32];

/// Of a tenant.
pub fn by_tenant(tenant: &Tenant) -> Told {
    let status = tenant.status.as_ref();
    let namespace = status.and_then(|status| status.namespace.as_ref());
    let plan = status.and_then(|status| status.plan.as_ref());
    let goes = tenant.metadata.deletion_timestamp.is_some();
    digest(&(&tenant.metadata.name, namespace, plan, tenant.is_suspended(), goes))
}

/// Of an install, whichever version asks.
pub fn by_install(install: &PluginInstall) -> Told {
    let status = install.status.as_ref();
    let database = status.and_then(|status| status.database.as_ref());
    let configuration = status.and_then(|status| status.configuration.as_ref());
    let upgrade = status.and_then(|status| status.upgrade.as_ref()).map(|upgrade| &upgrade.to);
    let by = [Isolation::Shared, Isolation::Dedicated].map(|isolation| install.may_be_served_by(isolation));
    digest(&(install.seniority(), &install.spec, install.is_served(), by, database, configuration, upgrade))
}

fn digest(what: &impl Serialize) -> Told {
    // Plain data always serialises.
    Sha256::digest(serde_json::to_vec(what).unwrap_or_default()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn changed<K: serde::de::DeserializeOwned + Serialize>(one: &K, pointer: &str, value: Value) -> K {
        let mut changed = serde_json::to_value(one).unwrap();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        changed.pointer_mut(parent).unwrap()[key] = value;
        serde_json::from_value(changed).unwrap()
    }

    #[test]
    fn what_is_told_of_a_tenant() {
        let tenant: Tenant = serde_json::from_value(json!({
            "apiVersion": "plexica.io/v1alpha1", "kind": "Tenant", "metadata": { "name": "acme" },
            "spec": { "displayName": "Acme" }, "status": { "namespace": "tenant-acme" },
        }))
        .unwrap();
        let differs = |pointer, value| by_tenant(&changed(&tenant, pointer, value)) != by_tenant(&tenant);
        let plan = json!({ "name": "gold", "digest": "d", "limits": { "features": ["sso"] }, "since": "2026-01-01T00:00:00Z" });
        assert!(differs("/spec/suspend", json!(true)));
        assert!(differs("/metadata/deletionTimestamp", json!("2026-01-01T00:00:00Z")), "its final backup follows");
        assert!(differs("/status/namespace", json!("elsewhere")));
        assert!(differs("/status/plan", plan));
        assert!(!differs("/spec/displayName", json!("Acme Corp")));
        assert!(!differs("/metadata/resourceVersion", json!("2")));
        assert!(!differs("/status/observedGeneration", json!(2)));
    }

    #[test]
    fn what_is_told_of_an_install() {
        let install: PluginInstall = serde_json::from_value(json!({
            "apiVersion": "plexica.io/v1alpha1", "kind": "PluginInstall",
            "metadata": { "name": "crm", "namespace": "tenant-acme", "finalizers": ["plexica.io/cleanup"] },
            "spec": { "tenantRef": { "name": "acme" }, "plugin": { "id": "crm", "version": "*" } }, "status": {},
        }))
        .unwrap();
        let differs = |pointer, value| by_install(&changed(&install, pointer, value)) != by_install(&install);
        assert!(differs("/metadata/creationTimestamp", json!("2026-01-01T00:00:00Z")));
        assert!(differs("/metadata/deletionTimestamp", json!("2026-01-01T00:00:00Z")));
        assert!(differs("/spec/enabled", json!(false)));
        assert!(differs("/spec/isolation", json!("Dedicated")));
        assert!(differs("/spec/config", json!({ "currency": "SEK" })));
        assert!(differs("/status/database", json!({ "schema": "s", "role": "r" })));
        assert!(differs("/status/configuration", json!({ "version": "1.0.0", "value": {} })));
        assert!(!differs("/status/phase", json!("Ready")));
        let route = |isolation| json!({ "path": "/", "upstream": "http://crm", "isolation": isolation });
        assert!(differs("/status/route", route("Dedicated")));
        assert!(!differs("/status/route", route("Shared")));
        let goes = changed(&install, "/metadata/deletionTimestamp", json!("2026-01-01T00:00:00Z"));
        assert!(by_install(&changed(&goes, "/status/route", route("Shared"))) != by_install(&goes));
        assert!(!differs("/metadata/resourceVersion", json!("2")));
    }
}
