//! `Tenant`: a customer of the platform and everything that is theirs.

mod identity;
mod plan;
mod rotation;
mod spec;
mod status;
mod suspension;

pub use identity::{
    Broker, BrokerType, IdentitySpec, Mfa, OidcBroker, PasswordPolicy, SamlBroker, SamlNameId, SecretKeyRef, Sessions,
    Smtp, SmtpAuth, SmtpTls,
};
pub use plan::{Amounts, ContainerDefaults, PlanLimits, PlanResources, PlanStatus, Quantity, Quotas, RateLimits};
pub use rotation::RotationSpec;
pub use spec::{Admin, AdoptionPolicy, DatabaseSpec, DeletionPolicy, DriftPolicy, Tenant, TenantSpec};
pub use status::{
    CredentialsStatus, DatabaseStatus, FinalBackupStatus, IdentityStatus, Phase, StorageStatus, TenantStatus,
};
