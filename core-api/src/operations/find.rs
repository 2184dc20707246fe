//! The operations of a tenant: its own, and those of its installs.

use kube::Api;
use plexica_contract::name::Slug;
use plexica_crds::Tenant;

use super::View;
use crate::{http::ApiError, installs::may_name, state::State};

/// All of them. The tenant is read from the API; its installs are had from the watch.
///
/// # Errors
/// 404 without such a tenant.
pub async fn find(state: &State, slug: &Slug) -> Result<Vec<View>, ApiError> {
    let tenant = Api::<Tenant>::all(state.client.clone()).get_opt(slug.as_str()).await?;
    let tenant = tenant.ok_or_else(ApiError::not_found)?;
    let own = tenant.status.as_ref().and_then(|status| status.namespace.as_deref());
    let installs = state.catalog.installs();
    let installs = installs
        .iter()
        .filter(|install| install.spec.tenant_ref.name == slug.as_str() && may_name(install, own, &state.namespace));
    Ok(View::of_tenant(&tenant).into_iter().chain(installs.filter_map(|install| View::of_install(install))).collect())
}
