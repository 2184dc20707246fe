//! An operation, as this API shows it.

use std::str::FromStr;

use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt;
use plexica_crds::{OperationStatus, Plugin, PluginInstall, Tenant};
use serde::Serialize;
use utoipa::ToSchema;

use super::record::After;
use crate::{http::ApiError, openapi::schema};

/// What an operation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = OperationResource)]
pub enum Resource {
    /// A tenant.
    Tenant,
    /// An install.
    PluginInstall,
    /// A catalogue entry, which is no tenant's.
    Plugin,
}

/// It is of no kind that has operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoResource;

impl FromStr for Resource {
    type Err = NoResource;

    fn from_str(text: &str) -> Result<Self, NoResource> {
        match text {
            "Tenant" => Ok(Self::Tenant),
            "PluginInstall" => Ok(Self::PluginInstall),
            "Plugin" => Ok(Self::Plugin),
            _ => Err(NoResource),
        }
    }
}

/// What is being done about a tenant, an install or a catalogue entry, or was done last.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Operation)]
pub struct View {
    /// What it is about.
    resource: Resource,
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
    /// One that was recorded.
    pub(super) const fn new(resource: Resource, name: String, operation: OperationStatus) -> Self {
        Self { resource, name, operation }
    }

    /// That of a tenant.
    pub(super) fn of_tenant(tenant: &Tenant) -> Option<Self> {
        let operation = tenant.status.as_ref()?.operation.clone()?;
        Some(Self { resource: Resource::Tenant, name: tenant.name_any(), operation })
    }

    /// That of an install.
    pub(super) fn of_install(install: &PluginInstall) -> Option<Self> {
        let operation = install.status.as_ref()?.operation.clone()?;
        Some(Self { resource: Resource::PluginInstall, name: install.name_any(), operation })
    }

    /// That of a catalogue entry.
    pub(super) fn of_plugin(plugin: &Plugin) -> Option<Self> {
        let operation = plugin.status.as_ref()?.operation.clone()?;
        Some(Self { resource: Resource::Plugin, name: plugin.name_any(), operation })
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

    /// Where a page goes on, from what [`Self::place`] said of the last one before it.
    ///
    /// # Errors
    /// When it said nothing of the kind.
    pub(super) fn after(place: &str) -> Result<After, ApiError> {
        let parts = place.split_once('/').and_then(|(seconds, id)| {
            let seconds = i64::MAX.checked_sub(seconds.parse().ok()?)?;
            Some((Timestamp::from_second(seconds).ok()?.as_second(), id.to_owned()))
        });
        parts.ok_or_else(|| ApiError::bad_field("continue", "is not where a page of this list ended"))
    }
}
