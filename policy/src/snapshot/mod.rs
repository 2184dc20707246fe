//! All roles and policies of a tenant at one moment.

mod access;
mod decision;
mod explain;
mod filter;
mod sql;

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use crate::{
    Permission, Policy, Request, Role,
    policy::PolicyError,
    role::{RoleError, Roles},
};

pub use access::{Access, Fields};
pub use decision::{Decision, Denial};
pub use explain::{Applies, ExplainedGrant, ExplainedPolicy, Explanation, Trace};
pub use filter::Filter;
pub use sql::{Bind, Column, Sql};

/// What is remembered of one permission.
type OfRoles = HashMap<Box<[String]>, Arc<Access>>;

/// Permissions and sets of roles that are remembered, before all is forgotten.
const MAX_REMEMBERED: usize = 10_000;

/// All roles and policies of a tenant at one moment.
#[derive(Debug)]
pub struct Snapshot {
    version: u64,
    roles: Roles,
    /// Those of the highest priority first.
    policies: Vec<Arc<Policy>>,
    remembered: RwLock<HashMap<Permission, OfRoles>>,
}

/// Why there is no snapshot of these.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// Roles do not fit together.
    #[error(transparent)]
    Roles(#[from] RoleError),
    /// A policy is none.
    #[error("policy {id:?}: {why}")]
    Policy {
        /// Which.
        id: String,
        /// Why.
        #[source]
        why: PolicyError,
    },
}

impl Snapshot {
    /// Of all roles and policies of a tenant; the version says which moment.
    ///
    /// # Errors
    /// When roles do not fit together, or a policy is none.
    pub fn new(version: u64, roles: &[Role], policies: Vec<Policy>) -> Result<Self, SnapshotError> {
        for policy in &policies {
            policy.check().map_err(|why| SnapshotError::Policy { id: policy.id.clone(), why })?;
        }
        let mut policies: Vec<_> = policies.into_iter().map(Arc::new).collect();
        policies.sort_by(|one, other| other.priority.cmp(&one.priority).then_with(|| one.id.cmp(&other.id)));
        Ok(Self { version, roles: Roles::new(roles)?, policies, remembered: RwLock::default() })
    }

    /// Of which moment.
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// The roles.
    pub const fn roles(&self) -> &Roles {
        &self.roles
    }

    /// Whether who has these roles may do this.
    pub fn decide(&self, roles: &[String], request: &Request<'_>) -> Decision {
        self.access(roles, request.permission).decide(request)
    }

    /// What is to be looked at for these roles and this permission, whoever asks for whatever.
    pub fn access(&self, roles: &[String], permission: &Permission) -> Arc<Access> {
        let remembered = self.remembered.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(access) = remembered.get(permission).and_then(|of_roles| of_roles.get(roles)) {
            return access.clone();
        }
        drop(remembered);
        let access = Arc::new(Access::new(self, roles, permission));
        let mut remembered = self.remembered.write().unwrap_or_else(PoisonError::into_inner);
        if remembered.values().map(HashMap::len).sum::<usize>() >= MAX_REMEMBERED {
            remembered.clear();
        }
        remembered.entry(permission.clone()).or_default().insert(roles.into(), access.clone());
        access
    }

    fn about<'a>(&'a self, permission: &'a Permission) -> impl Iterator<Item = &'a Arc<Policy>> {
        self.policies.iter().filter(|policy| policy.is_about(permission))
    }
}
