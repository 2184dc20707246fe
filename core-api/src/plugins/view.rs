//! A catalogue entry, as this API shows it.

use kube::ResourceExt;
use plexica_crds::{Plugin, PluginSpec, PluginStatus};
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
    /// What the plugin declares.
    #[schema(schema_with = schema::plugin_spec)]
    manifest: PluginSpec,
    /// Where it stands, without its operation.
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
    fn from(plugin: Plugin) -> Self {
        // Whoever is signed in sees the catalogue; operations of no tenant are for super-admins, and are told there.
        let name = plugin.name_any();
        let status = plugin.status.map(|status| PluginStatus { operation: None, ..status });
        Self { name, manifest: plugin.spec, status }
    }
}
