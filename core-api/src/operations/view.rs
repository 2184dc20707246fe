//! An operation, as this API shows it.

use kube::ResourceExt;
use plexica_crds::{OperationStatus, PluginInstall, Tenant};
use serde::Serialize;
use utoipa::ToSchema;

use crate::openapi::schema;

/// What is being done about a tenant or an install, or was done last.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Operation)]
pub struct View {
    /// What it is about: `Tenant` or `PluginInstall`.
    resource: &'static str,
    /// The name of that.
    name: String,
    /// Where it stands.
    #[schema(schema_with = schema::operation)]
    operation: OperationStatus,
}

/// Operations, a page of them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OperationList)]
pub struct List {
    /// The latest first.
    pub items: Vec<View>,
    /// Where to go on (`?continue=`); absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#continue: Option<String>,
}

impl View {
    /// That of a tenant.
    pub(super) fn of_tenant(tenant: &Tenant) -> Option<Self> {
        let operation = tenant.status.as_ref()?.operation.clone()?;
        Some(Self { resource: "Tenant", name: tenant.name_any(), operation })
    }

    /// That of an install.
    pub(super) fn of_install(install: &PluginInstall) -> Option<Self> {
        let operation = install.status.as_ref()?.operation.clone()?;
        Some(Self { resource: "PluginInstall", name: install.name_any(), operation })
    }

    /// Its id.
    pub(super) fn id(&self) -> &str {
        &self.operation.id
    }

    /// By which they are in order: the latest first.
    pub(super) fn place(&self) -> String {
        // Text in order of time, turned around.
        let seconds = i64::MAX - self.operation.started_at.0.as_second();
        format!("{seconds:020}/{}", self.operation.id)
    }
}
