//! What a plugin signs in to the database with.
//!
//! A `Shared` plugin has one login, member of the tenant×plugin roles it is installed for; a
//! `Dedicated` one has a login per tenant. Logins inherit nothing: they take a role per
//! transaction, and without one they can do nothing at all.

mod ensure;
mod observe;
mod open;
mod release;
mod retire;

use std::collections::BTreeSet;

use plexica_contract::name::{self, PluginId, Slot, Slug};

use super::Provisioner;
use crate::ownership::{Found, Installation, Mark};
use crate::{Result, Secret};

pub use ensure::{differences, digest, ensure};
pub use observe::observe;
pub use open::opens;
pub use release::release;
pub use retire::{retire, retire_if};

/// Whose login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Login {
    /// Of a `Shared` plugin. Several `Plugin`s (versions) and installs use it, so its mark has no
    /// uid of one of them: see [`Login::mark`].
    Shared(PluginId, Slot),
    /// Of a `Dedicated` plugin, for one tenant.
    Dedicated(Slug, PluginId, Slot),
}

impl Login {
    /// The login's name.
    pub fn name(&self) -> String {
        match self {
            Self::Shared(plugin, slot) => name::postgres::plugin_login(plugin, *slot),
            Self::Dedicated(tenant, plugin, slot) => name::postgres::dedicated_login(tenant, plugin, *slot),
        }
    }

    fn plugin(&self) -> &PluginId {
        match self {
            Self::Shared(plugin, _) | Self::Dedicated(_, plugin, _) => plugin,
        }
    }

    /// The login's mark. A login holds no data and outlives none of its installs, so it is the
    /// installation's rather than a resource's.
    pub fn mark(&self, installation: &Installation) -> Mark {
        let name = self.name();
        Mark { installation: installation.clone(), kind: "Login".into(), name: name.clone(), uid: name }
    }
}

/// Which tenants' roles a login may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tenants {
    /// These and no other.
    Exactly(BTreeSet<Slug>),
    /// These; what else it may take stays. For an install that knows of its own tenant only.
    AtLeast(BTreeSet<Slug>),
    /// The same, and those that the login of the generation before may take: it is about to sign in in
    /// its place, for all its tenants at once.
    AlsoOf(BTreeSet<Slug>, Login),
}

/// What should be there.
#[derive(Clone, Debug)]
pub struct Desired {
    /// Whose login.
    pub login: Login,
    /// The installation.
    pub installation: Installation,
    /// Its password: random, at least 128 bits.
    pub password: Secret,
    /// Whose roles it may take.
    pub tenants: Tenants,
}

impl Desired {
    /// What the plugin is given as `DATABASE_URL`.
    pub fn url(&self, provisioner: &Provisioner) -> Result<Secret> {
        provisioner.plugin_url(&self.login.name(), &self.password)
    }

    /// The login whose roles are its roles too.
    fn before(&self) -> Option<String> {
        match &self.tenants {
            Tenants::Exactly(_) | Tenants::AtLeast(_) => None,
            Tenants::AlsoOf(_, login) => Some(login.name()),
        }
    }

    /// Names of the tenant×plugin roles.
    fn roles(&self) -> Vec<String> {
        let (Tenants::Exactly(tenants) | Tenants::AtLeast(tenants) | Tenants::AlsoOf(tenants, _)) = &self.tenants;
        tenants.iter().map(|tenant| name::postgres::tenant_plugin(tenant, self.login.plugin())).collect()
    }
}

/// What is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    found: Found,
    /// Options in which the role is not as it should be, as they are to be set.
    wrong: Vec<&'static str>,
    can_connect: bool,
    /// Digest of the password it was given last.
    password: Option<Vec<u8>>,
    /// Whether another was set since, by somebody else.
    locked_out: bool,
    /// Roles it may take: all of them, or of those that are wanted if others do not matter.
    roles: Vec<String>,
    /// Wanted roles that carry a mark of this installation.
    grantable: Vec<String>,
    /// Roles with such a mark that the login before may take.
    inherited: Vec<String>,
}
