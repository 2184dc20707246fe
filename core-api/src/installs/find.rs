//! Where a tenant's installs are: in its own namespace, or in the platform's if they were applied
//! together with the tenant.

use kube::{Api, Client, ResourceExt, api::ListParams};
use plexica_contract::{error::Code, name::Slug};
use plexica_crds::{PluginInstall, Tenant};

use crate::{http::ApiError, state::State};

/// The tenant's own namespace.
///
/// # Errors
/// 404 without such a tenant, 409 before it has a namespace.
pub async fn namespace(client: &Client, tenant: &Slug) -> Result<String, ApiError> {
    let found = Api::<Tenant>::all(client.clone()).get_opt(tenant.as_str()).await?.ok_or_else(ApiError::not_found)?;
    found
        .status
        .and_then(|status| status.namespace)
        .ok_or_else(|| ApiError::new(Code::Conflict, "The tenant is not provisioned yet: try again when it is Ready."))
}

/// Whether an install there may name the tenant whose own namespace that is: one from elsewhere may not,
/// whatever it says.
pub fn may_name(install: &PluginInstall, own: Option<&str>, platform: &str) -> bool {
    let namespace = install.metadata.namespace.as_deref();
    namespace.is_some() && (namespace == own || namespace == Some(platform))
}

/// The tenant's install of this name, and the API it is reached by. What another tenant's install
/// is called is no matter here: it is not found.
pub async fn find(state: &State, tenant: &Slug, name: &str) -> Result<(Api<PluginInstall>, PluginInstall), ApiError> {
    for namespace in [namespace(&state.client, tenant).await?, state.namespace.clone()] {
        let api = Api::<PluginInstall>::namespaced(state.client.clone(), &namespace);
        let install = api.get_opt(name).await?;
        if let Some(install) = install.filter(|install| install.spec.tenant_ref.name == tenant.as_str()) {
            return Ok((api, install));
        }
    }
    Err(ApiError::not_found())
}

/// All of the tenant's installs, whose own namespace that is.
pub async fn of_tenant(state: &State, tenant: &Slug, own: &str) -> Result<Vec<PluginInstall>, ApiError> {
    let mut installs: Vec<PluginInstall> =
        Api::namespaced(state.client.clone(), own).list(&ListParams::default()).await?.items;
    // The platform's namespace may hold everybody's: those are had from the watch.
    let elsewhere = state.catalog.installs();
    let elsewhere = elsewhere.iter().filter(|install| install.namespace().as_ref() == Some(&state.namespace));
    installs.extend(elsewhere.map(|install| PluginInstall::clone(install)));
    installs.retain(|install| install.spec.tenant_ref.name == tenant.as_str());
    Ok(installs)
}
