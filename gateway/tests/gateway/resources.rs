//! Resources as the operator leaves them.

use std::{collections::HashSet, sync::Arc};

use plexica_crds::{Plugin, PluginInstall, Tenant};
use plexica_gateway::snapshot::{Realm, Snapshot, Sources, build};
use serde_json::{Value, json};

/// The platform's namespace.
pub const PLATFORM: &str = "plexica-system";

pub fn platform() -> Realm {
    Realm {
        name: "plexica".into(),
        issuer: "https://id.test/realms/plexica".into(),
        tenant: None,
        domains: HashSet::new(),
        suspended: false,
        rate_limits: None,
    }
}

pub fn tenant(slug: &str) -> Value {
    json!({
        "apiVersion": "plexica.io/v1alpha1", "kind": "Tenant",
        "metadata": { "name": slug },
        "spec": { "displayName": slug, "domains": [format!("app.{slug}.test")] },
        "status": {
            "namespace": format!("tenant-{slug}"),
            "identity": { "realm": format!("tenant-{slug}"), "issuer": format!("https://id.test/realms/tenant-{slug}") },
        },
    })
}

pub fn plugin(id: &str) -> Value {
    let key = |rest: &str| format!("{id}:{rest}");
    json!({
        "apiVersion": "plexica.io/v1alpha1", "kind": "Plugin",
        "metadata": { "name": format!("{id}-1.4.0") },
        "spec": {
            "id": id, "version": "1.4.0", "displayName": "CRM", "runtime": { "image": "crm" },
            "permissions": [
                { "key": key("contacts:read"), "name": "Read", "defaultRoles": ["user"] },
                { "key": key("contacts:write"), "name": "Write", "defaultRoles": ["admin"] },
            ],
        },
    })
}

pub fn install(namespace: &str, tenant: &str, upstream: &str) -> Value {
    json!({
        "apiVersion": "plexica.io/v1alpha1", "kind": "PluginInstall",
        "metadata": {
            "name": "crm", "namespace": namespace, "creationTimestamp": "2026-01-02T00:00:00Z",
            "finalizers": ["plexica.io/cleanup"],
        },
        "spec": { "tenantRef": { "name": tenant }, "plugin": { "id": "crm", "version": "^1" } },
        "status": {
            "version": "1.4.0", "permissions": ["crm:contacts:read"],
            "conditions": [{
                "type": "Routed", "status": "True", "reason": "Provisioned", "message": "",
                "lastTransitionTime": "2026-01-02T00:00:00Z",
            }],
            "route": { "path": "/api/plugins/crm", "upstream": upstream },
        },
    })
}

pub fn snapshot(tenants: &[Value], installs: &[Value]) -> Snapshot {
    snapshot_of(Some(platform()), tenants, installs)
}

/// With another realm of the platform, or none.
pub fn snapshot_of(platform: Option<Realm>, tenants: &[Value], installs: &[Value]) -> Snapshot {
    let tenants: Vec<Arc<Tenant>> =
        tenants.iter().map(|value| serde_json::from_value(value.clone()).unwrap()).collect();
    let plugins: Vec<Arc<Plugin>> = vec![serde_json::from_value(plugin("crm")).unwrap()];
    let installs: Vec<Arc<PluginInstall>> =
        installs.iter().map(|value| serde_json::from_value(value.clone()).unwrap()).collect();
    build(&Sources { platform, namespace: PLATFORM, tenants: &tenants, plugins: &plugins, installs: &installs })
}

/// The value with another at this place.
pub fn with(mut value: Value, pointer: &str, to: Value) -> Value {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    value.pointer_mut(parent).unwrap()[key] = to;
    value
}
