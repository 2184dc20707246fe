//! Specifications to begin with, and how to say another thing in one.

use serde_json::{Value, json};

/// The same, with this at a place as <https://www.rfc-editor.org/rfc/rfc6901> has it.
///
/// # Panics
/// When the place's parent is not there.
#[must_use]
pub fn with(mut base: Value, pointer: &str, value: Value) -> Value {
    let (parent, member) = pointer.rsplit_once('/').unwrap();
    base.pointer_mut(parent).unwrap()[member] = value;
    base
}

/// Of a Tenant.
#[must_use]
pub fn tenant() -> Value {
    json!({"displayName": "Acme", "admin": {"email": "ada@acme.test"}, "domains": ["app.acme.test", "localhost:3000"]})
}

/// Of a Plugin, `crm`, with what holds that id.
#[must_use]
pub fn plugin(version: &str) -> Value {
    json!({
        "id": "crm", "version": version, "displayName": "Contacts", "runtime": {"image": "crm:1"},
        "permissions": [{"key": "crm:contacts:read", "name": "Read", "defaultRoles": ["user"]}],
        "events": {"publishes": ["crm.contact.created"], "subscribes": ["core.user.deleted"]},
    })
}

/// Of a `PluginInstall` of it.
#[must_use]
pub fn install() -> Value {
    json!({"tenantRef": {"name": "acme"}, "plugin": {"id": "crm", "version": "^1"}})
}
