//! `Tenant`: a customer of the platform and everything that is theirs.

mod identity;
mod spec;
mod status;

pub use identity::{IdentitySpec, Mfa, PasswordPolicy, Sessions};
pub use spec::{Admin, AdoptionPolicy, DatabaseSpec, DeletionPolicy, Tenant, TenantSpec};
pub use status::{DatabaseStatus, IdentityStatus, Phase, StorageStatus, TenantStatus};
