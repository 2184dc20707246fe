//! `Tenant`: a customer of the platform and everything that is theirs.

mod spec;
mod status;

pub use spec::{Admin, AdoptionPolicy, DatabaseSpec, DeletionPolicy, DriftPolicy, Tenant, TenantSpec};
pub use status::{DatabaseStatus, IdentityStatus, Phase, StorageStatus, TenantStatus};
