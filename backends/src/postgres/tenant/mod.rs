//! A tenant's schema and role, `tenant_<slug>`.

mod ensure;
mod grants;
mod observe;
mod retire;
mod size;

use plexica_contract::name::{self, Slug};
use plexica_crds::tenant::AdoptionPolicy;

use super::CORE_API;
use super::space::Space;
use crate::ownership::Mark;

pub use ensure::{differences, digest, ensure};
pub use observe::observe;
pub use retire::{retire, schemas};
pub use size::bytes;

/// What should be there.
#[derive(Clone, Debug)]
pub struct Desired {
    /// The tenant.
    pub tenant: Slug,
    /// The owner: the `Tenant`.
    pub mark: Mark,
    /// Whether an earlier owner's schema and role are taken back.
    pub adoption: AdoptionPolicy,
}

impl Desired {
    /// The schema's and the role's name.
    pub fn name(&self) -> String {
        name::postgres::tenant(&self.tenant)
    }

    fn space(&self) -> Space<'_> {
        Space {
            name: self.name(),
            privileges: &["USAGE"],
            member: Some(CORE_API),
            mark: &self.mark,
            adoption: self.adoption,
        }
    }
}
