//! A catalogue entry, as this API shows it.

use kube::ResourceExt;
use plexica_crds::{Plugin, PluginSpec, PluginStatus, Reason};
use serde::Serialize;
use utoipa::ToSchema;

use crate::openapi::schema;

/// One version of a plugin.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Plugin)]
pub struct View {
    /// `<id>-<version>`.
    name: String,
    /// What the plugin declares, without who goes first in its rollout.
    #[schema(schema_with = schema::plugin_spec)]
    manifest: PluginSpec,
    /// Where it stands, without what is told of tenants.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::plugin_status)]
    status: Option<PluginStatus>,
}

/// Catalogue entries, a page of them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PluginList)]
pub struct List {
    /// In order of name.
    pub items: Vec<View>,
    /// Where to go on (`?continue=`); absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#continue: Option<String>,
}

impl From<Plugin> for View {
    /// Whoever is signed in sees the catalogue, so that nothing in it may name a tenant: neither who goes first in a
    /// rollout, nor how far that is, nor whose installs keep an entry that is to go.
    fn from(plugin: Plugin) -> Self {
        let name = plugin.name_any();
        let mut manifest = plugin.spec;
        if let Some(rollout) = &mut manifest.rollout {
            rollout.canary = None;
        }
        let status = plugin.status.map(|status| {
            let mut status = PluginStatus { operation: None, rollout: None, ..status };
            for condition in &mut status.conditions {
                if condition.reason == Reason::InUse.to_string() {
                    condition.message = "installs use it".into();
                }
            }
            status
        });
        Self { name, manifest, status }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn no_tenant_is_named() {
        let rollout = json!({ "canary": { "tenants": ["acme"] }, "bakeSeconds": 5 });
        let said = json!({
            "apiVersion": "plexica.io/v1alpha1", "kind": "Plugin", "metadata": { "name": "crm-1.0.0" },
            "spec": { "id": "crm", "version": "1.0.0", "displayName": "CRM", "runtime": { "image": "crm:1.0.0" },
                "rollout": rollout },
            "status": {
                "phase": "Terminating", "installs": 1,
                "conditions": [{ "type": "Ready", "status": "False", "reason": "InUse",
                    "message": "1 installs use it (plexica-system/acme-crm)", "lastTransitionTime": "2026-01-01T00:00:00Z" }],
                "rollout": { "phase": "Canary", "total": 1, "migrated": 0, "failed": ["acme"], "message": "acme" },
            },
        });
        let shown = serde_json::to_value(View::from(serde_json::from_value::<Plugin>(said).unwrap())).unwrap();
        assert!(!shown.to_string().contains("acme"), "{shown}");
        assert_eq!(
            (&shown["status"]["installs"], &shown["manifest"]["rollout"]["bakeSeconds"]),
            (&json!(1), &json!(5))
        );
    }
}
