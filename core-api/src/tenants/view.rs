//! A tenant, as this API shows it.

use http::StatusCode;
use kube::ResourceExt;
use plexica_crds::{Tenant, TenantSpec, TenantStatus};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{http::Etagged, openapi::schema};

/// A tenant.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Tenant)]
pub struct View {
    /// The slug.
    name: String,
    /// When it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<String>,
    /// Whether it is being deleted.
    deleting: bool,
    /// What it should be.
    #[schema(schema_with = schema::tenant_spec)]
    spec: TenantSpec,
    /// Where it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::tenant_status)]
    status: Option<TenantStatus>,
}

/// Tenants, a page of them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TenantList)]
pub struct List {
    /// In order of name.
    pub items: Vec<View>,
    /// Where to go on (`?continue=`); absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#continue: Option<String>,
}

impl From<Tenant> for View {
    fn from(tenant: Tenant) -> Self {
        Self {
            name: tenant.name_any(),
            created_at: tenant.creation_timestamp().map(|time| time.0.to_string()),
            deleting: tenant.metadata.deletion_timestamp.is_some(),
            spec: tenant.spec,
            status: tenant.status,
        }
    }
}

impl View {
    /// With its version.
    pub(super) fn etagged(status: StatusCode, tenant: Tenant) -> Etagged<Self> {
        let location = (status == StatusCode::CREATED).then(|| format!("/api/v1/tenants/{}", tenant.name_any()));
        Etagged { status, location, version: tenant.resource_version(), body: tenant.into() }
    }
}
