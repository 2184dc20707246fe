//! The operations that stand in a status: a tenant's own and those of its installs, or the platform's own.

use kube::{Api, api::ListParams};
use plexica_contract::name::Slug;
use plexica_crds::{Plugin, Tenant};

use super::{View, record::Scope};
use crate::{access::User, http::ApiError, installs::may_name, state::State};

/// What is known of operations besides those that were recorded.
#[derive(Debug)]
pub struct Found {
    /// What is being done, or was done last.
    pub now: Vec<View>,
    /// Whose they are.
    whose: Whose,
}

#[derive(Debug)]
enum Whose {
    /// The platform's own.
    Platform,
    /// A tenant's, of that uid if there is one.
    Tenant(Slug, Option<String>),
}

impl Found {
    /// Whose records the user may read: a tenant's own people those of the tenant that there is, and of
    /// one that is gone the platform's alone.
    pub fn scope(&self, user: &User) -> Scope<'_> {
        match &self.whose {
            Whose::Platform => Scope::Platform,
            Whose::Tenant(name, uid) => Scope::Tenant { name, uid: uid.as_deref().filter(|_| !user.is_super_admin()) },
        }
    }

    /// Whether whose they are is there.
    pub const fn has_owner(&self) -> bool {
        matches!(self.whose, Whose::Platform | Whose::Tenant(_, Some(_)))
    }
}

/// All of them: of that tenant, or without one those of the platform itself.
///
/// # Errors
/// 404 without such a tenant, for who is not of the platform.
pub async fn find(state: &State, tenant: Option<&Slug>, user: &User) -> Result<Found, ApiError> {
    match tenant {
        Some(tenant) => of_tenant(state, tenant, user).await,
        None => of_platform(state).await,
    }
}

/// Super-admins alone ask for them, which is rare: nothing watches the catalogue for that.
async fn of_platform(state: &State) -> Result<Found, ApiError> {
    let plugins = Api::<Plugin>::all(state.client.clone()).list(&ListParams::default()).await?;
    Ok(Found { now: plugins.iter().filter_map(View::of_plugin).collect(), whose: Whose::Platform })
}

/// The tenant is read from the API; its installs are had from the watch.
async fn of_tenant(state: &State, slug: &Slug, user: &User) -> Result<Found, ApiError> {
    let tenant = Api::<Tenant>::all(state.client.clone()).get_opt(slug.as_str()).await?;
    let Some(tenant) = tenant else {
        return if user.is_super_admin() {
            Ok(Found { now: Vec::new(), whose: Whose::Tenant(slug.clone(), None) })
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
    let now = now.collect();
    Ok(Found { now, whose: Whose::Tenant(slug.clone(), Some(tenant.metadata.uid.unwrap_or_default())) })
}
