//! A plugin to install.

use axum::extract::State;
use http::StatusCode;
use kube::{Api, api::PostParams};
use plexica_contract::name::Slug;
use plexica_crds::{
    PluginInstall, PluginInstallSpec,
    plugin_install::{Isolation, PluginReference, TenantReference},
    tenant::DeletionPolicy,
};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{View, find::namespace};
use crate::{
    access::TenantAdmin,
    http::{ApiError, Etagged, Json},
    openapi::{Failures, schema},
    state::Shared,
};

/// A plugin to install.
#[derive(Deserialize, ToSchema)]
pub struct NewInstall {
    /// The install's name [default: the plugin's id].
    name: Option<String>,
    /// What it should be.
    spec: NewInstallSpec,
}

/// What an install should be. The tenant is the caller's.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewInstallSpec {
    /// Which plugin, and which versions.
    #[schema(schema_with = schema::plugin_reference)]
    plugin: PluginReference,
    /// Whether it is routed.
    #[serde(default = "enabled")]
    #[schema(default = true)]
    enabled: bool,
    /// Configuration, checked against the schema in the plugin's manifest.
    #[serde(default)]
    #[schema(value_type = Object)]
    config: Map<String, Value>,
    /// Whether tenants share one workload of the plugin or this one has its own.
    #[serde(default)]
    #[schema(schema_with = schema::isolation)]
    isolation: Isolation,
    /// Permissions that the tenant grants; absent grants all that are declared.
    granted_permissions: Option<Vec<String>>,
    /// What happens to the plugin's data when the install is deleted.
    #[serde(default)]
    #[schema(schema_with = schema::deletion_policy)]
    deletion_policy: DeletionPolicy,
}

const fn enabled() -> bool {
    true
}

impl NewInstallSpec {
    fn of(self, tenant: &Slug) -> PluginInstallSpec {
        let Self { plugin, enabled, config, isolation, granted_permissions, deletion_policy } = self;
        PluginInstallSpec {
            tenant_ref: TenantReference { name: tenant.to_string() },
            plugin,
            enabled,
            config: Value::Object(config),
            isolation,
            granted_permissions,
            deletion_policy,
            // As the tenant says: who runs the platform decides what becomes of hands in its parts.
            drift_policy: None,
        }
    }
}

/// Install a plugin
///
/// For administrators of the tenant, and for super-admins with `?tenant=`. The operator does it;
/// `status` says how far it is.
#[utoipa::path(
    post, path = "/api/v1/installs", tag = "installs",
    params(("tenant" = Option<String>, Query, description = "The tenant; super-admins must say it")),
    request_body = NewInstall,
    responses((status = 201, body = View), Failures),
)]
pub async fn create(
    TenantAdmin { user, tenant }: TenantAdmin,
    State(state): State<Shared>,
    Json(new): Json<NewInstall>,
) -> Result<Etagged<View>, ApiError> {
    let namespace = namespace(&state.client, &tenant).await?;
    let name = new.name.unwrap_or_else(|| new.spec.plugin.id.clone());
    let install = PluginInstall::new(&name, new.spec.of(&tenant));
    let made = Api::namespaced(state.client.clone(), &namespace).create(&PostParams::default(), &install).await?;
    tracing::info!(by = user.sub, %tenant, install = name, "install created");
    Ok(View::etagged(StatusCode::CREATED, made))
}
