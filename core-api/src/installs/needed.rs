//! Who needs an install that is to go or to be disabled. The operator decides the same, and again when it goes; who
//! asks here hears it at once.

use kube::{Api, api::ListParams};
use plexica_contract::{error::Code, name::Slug};
use plexica_crds::{
    Plugin, PluginInstall, Tenant,
    dependency::{Catalogue, Present, dependents},
};

use super::find::{namespace, of_tenant};
use crate::{http::ApiError, state::State};

/// Refuses to let it go, or rest, while others of the tenant that stay need it.
///
/// # Errors
/// 409 `IN_USE`, with their names.
pub async fn refuse_if_needed(state: &State, tenant: &Slug, install: &PluginInstall) -> Result<(), ApiError> {
    let own = namespace(&state.client, tenant).await?;
    let (tenants, plugins) = (Api::<Tenant>::all(state.client.clone()), Api::<Plugin>::all(state.client.clone()));
    let all = ListParams::default();
    let entries = async { plugins.list(&all).await.map_err(ApiError::from) };
    let found = async { tenants.get_opt(tenant.as_str()).await.map_err(ApiError::from) };
    let (entries, found, siblings) = futures::try_join!(entries, found, of_tenant(state, tenant, &own))?;
    match found.map(|tenant| who(install, &siblings, &entries.items, &tenant)) {
        Some(names) if !names.is_empty() => Err(ApiError::new(
            Code::InUse,
            format!("Others need it: {}; remove or disable that first.", names.join(", ")),
        )),
        _ => Ok(()),
    }
}

/// Who needs it. When the tenant itself goes, all goes; and what is being removed goes first. Pure.
fn who(install: &PluginInstall, siblings: &[PluginInstall], entries: &[Plugin], tenant: &Tenant) -> Vec<String> {
    if tenant.metadata.deletion_timestamp.is_some() {
        return Vec::new();
    }
    let catalogue = Catalogue::of(entries).knowing(siblings.iter().chain([install]));
    let Some(release) = Present::of(install, &catalogue).missed(tenant.spec.suspend) else {
        return Vec::new();
    };
    let others = siblings.iter().filter(|other| other.spec.plugin.id != install.spec.plugin.id);
    let others: Vec<Present<'_>> = others.map(|other| Present::of(other, &catalogue)).collect();
    dependents(release, &others, tenant.spec.suspend)
        .iter()
        .filter(|one| !one.leaving)
        .map(ToString::to_string)
        .collect()
}
