//! Which conditions there are.

use std::fmt;

/// `type` of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConditionType {
    /// All of it is as the spec says. First in every list.
    Ready,
    /// kstatus: work is under way.
    Reconciling,
    /// kstatus: no progress until a person changes something.
    Stalled,
    /// The operator leaves it alone, as its annotation says; the other conditions are of before.
    Paused,
    /// The operator says what it would do, and does nothing, as its annotation says; False where it cannot heed that.
    DryRun,
    /// A part is not what the operator brought it to, and is left so, as `driftPolicy` says.
    Drifted,
    /// Tenant: schema and role.
    DatabaseReady,
    /// Tenant: realm.
    IdentityReady,
    /// Tenant: bucket and credentials.
    StorageReady,
    /// Tenant: namespace and Secrets.
    NamespaceReady,
    /// Tenant: the plan of the spec is in force.
    PlanApplied,
    /// Tenant: the backup that is made before its data is removed.
    BackedUp,
    /// PluginInstall: tenant, plugin version and configuration hold.
    Resolved,
    /// PluginInstall: the workload runs and is healthy.
    WorkloadReady,
    /// PluginInstall: the plugin has migrated the tenant's schema.
    Migrated,
    /// PluginInstall: the gateway sends requests.
    Routed,
    /// PluginInstall: the configuration of the spec is in force.
    Configured,
    /// PluginInstall: the version wants more than was granted, and runs without it.
    ConsentRequired,
}

impl ConditionType {
    /// As it stands in the resource.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "Ready",
            Self::Reconciling => "Reconciling",
            Self::Stalled => "Stalled",
            Self::Paused => "Paused",
            Self::DryRun => "DryRun",
            Self::Drifted => "Drifted",
            Self::DatabaseReady => "DatabaseReady",
            Self::IdentityReady => "IdentityReady",
            Self::StorageReady => "StorageReady",
            Self::NamespaceReady => "NamespaceReady",
            Self::PlanApplied => "PlanApplied",
            Self::BackedUp => "BackedUp",
            Self::Resolved => "Resolved",
            Self::WorkloadReady => "WorkloadReady",
            Self::Migrated => "Migrated",
            Self::Routed => "Routed",
            Self::Configured => "Configured",
            Self::ConsentRequired => "ConsentRequired",
        }
    }
}

impl fmt::Display for ConditionType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
