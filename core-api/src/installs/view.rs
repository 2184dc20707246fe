//! An install, as this API shows it.

use http::StatusCode;
use kube::ResourceExt;
use plexica_crds::{PluginInstall, PluginInstallSpec, PluginInstallStatus};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{http::Etagged, openapi::schema};

/// A plugin, installed for a tenant.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Install)]
pub struct View {
    /// Its name, most often the plugin's id.
    name: String,
    /// When it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<String>,
    /// Whether it is being removed.
    deleting: bool,
    /// What it should be.
    #[schema(schema_with = schema::install_spec)]
    spec: PluginInstallSpec,
    /// Where it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::install_status)]
    status: Option<PluginInstallStatus>,
}

/// Installs, a page of them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InstallList)]
pub struct List {
    /// In order of name.
    pub items: Vec<View>,
    /// Where to go on (`?continue=`); absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#continue: Option<String>,
}

impl From<PluginInstall> for View {
    fn from(install: PluginInstall) -> Self {
        Self {
            name: install.name_any(),
            created_at: install.creation_timestamp().map(|time| time.0.to_string()),
            deleting: install.metadata.deletion_timestamp.is_some(),
            spec: install.spec,
            status: install.status,
        }
    }
}

impl View {
    /// With its version.
    pub(super) fn etagged(status: StatusCode, install: PluginInstall) -> Etagged<Self> {
        let location = (status == StatusCode::CREATED).then(|| format!("/api/v1/installs/{}", install.name_any()));
        Etagged { status, location, version: install.resource_version(), body: install.into() }
    }
}
