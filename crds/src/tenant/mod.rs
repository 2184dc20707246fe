//! `Tenant`: a customer of the platform and everything that is theirs.

mod spec;
mod status;

pub use spec::{Admin, AdoptionPolicy, DatabaseSpec, DeletionPolicy, Tenant, TenantSpec};
pub use status::{DatabaseStatus, FinalBackupStatus, IdentityStatus, Phase, StorageStatus, TenantStatus};
