//! The operations of a tenant that stand in a status: its own, and those of its installs.

use kube::Api;
use plexica_contract::name::Slug;
use plexica_crds::Tenant;

use super::{View, record::Scope};
use crate::{access::User, http::ApiError, installs::may_name, state::State};

/// What is known of a tenant's operations besides those that were recorded.
#[derive(Debug)]
pub struct Found {
    /// What is being done, or was done last.
    pub now: Vec<View>,
    /// The uid of the tenant that there is.
    uid: Option<String>,
}

impl Found {
    /// Whose records the user may read: a tenant's own people those of the tenant that there is, and of
    /// one that is gone the platform's alone.
    pub fn scope<'a>(&'a self, tenant: &'a Slug, user: &User) -> Scope<'a> {
        let uid = self.uid.as_deref().filter(|_| !user.is_super_admin());
        Scope { tenant, uid }
    }

    /// Whether the tenant is there.
    pub const fn has_tenant(&self) -> bool {
        self.uid.is_some()
    }
}

/// All of them. The tenant is read from the API; its installs are had from the watch.
///
/// # Errors
/// 404 without such a tenant, for who is not of the platform.
pub async fn find(state: &State, slug: &Slug, user: &User) -> Result<Found, ApiError> {
    let tenant = Api::<Tenant>::all(state.client.clone()).get_opt(slug.as_str()).await?;
    let Some(tenant) = tenant else {
        return if user.is_super_admin() {
            Ok(Found { now: Vec::new(), uid: None })
        } else {
            Err(ApiError::not_found())
        };
    };
    let own = tenant.status.as_ref().and_then(|status| status.namespace.as_deref());
    let installs = state.catalog.installs();
    let installs = installs
        .iter()
        .filter(|install| install.spec.tenant_ref.name == slug.as_str() && may_name(install, own, &state.namespace));
    let now = View::of_tenant(&tenant).into_iter().chain(installs.filter_map(|install| View::of_install(install)));
    Ok(Found { now: now.collect(), uid: Some(tenant.metadata.uid.unwrap_or_default()) })
}
