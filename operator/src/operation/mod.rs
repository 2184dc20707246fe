//! What is being done about a resource, told as one thing with an id. It follows from the status
//! that is about to be written, so that it needs no bookkeeping of its own and is the same for whoever
//! goes on with it.

mod expire;
mod kind;
mod ledger;
mod next;
mod waves;

pub use expire::keep_bounded;
pub use ledger::{
    Ledger, conclude_install, conclude_plugin, conclude_tenant, record_install, record_plugin, record_tenant, tolerate,
};

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::Resource;
use plexica_crds::{
    ConditionType, OperationKind, OperationStatus, Plugin, PluginInstall, PluginInstallStatus, PluginStatus, Tenant,
    TenantStatus,
};
use uuid::Uuid;

use crate::problem::Problem;
use kind::{of_install, of_tenant};
use next::{Seen, next};

/// What is being done about a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// This, now.
    Now(OperationKind),
    /// It is as it should be; this was done, if it took one look.
    Done(OperationKind),
    /// It is left alone.
    Nothing,
}

/// The status of a tenant, with what is being done about it.
pub fn about_tenant(tenant: &Tenant, status: TenantStatus, problem: Option<&Problem>) -> TenantStatus {
    let last = tenant.status.as_ref().and_then(|last| last.operation.as_ref());
    let operation = about(tenant, last, of_tenant(tenant, &status), &status.conditions, problem);
    TenantStatus { operation, ..status }
}

/// The status of an install, with what is being done about it.
pub fn about_install(
    install: &PluginInstall,
    status: PluginInstallStatus,
    problem: Option<&Problem>,
) -> PluginInstallStatus {
    let last = install.status.as_ref().and_then(|last| last.operation.as_ref());
    let operation = about(install, last, of_install(install, &status), &status.conditions, problem);
    PluginInstallStatus { operation, ..status }
}

/// The status of a catalogue entry, with how far it has come to its tenants in waves.
pub fn about_plugin(plugin: &Plugin, status: PluginStatus) -> PluginStatus {
    let is_refused = |one: &&Condition| one.type_ == ConditionType::Stalled.as_str() && one.status == "True";
    let refused = status.conditions.iter().find(is_refused).map(|one| one.message.as_str());
    let seen = (status.rollout.as_ref(), refused);
    let operation = waves::next(plugin, seen, || Uuid::new_v4().to_string(), Timestamp::now());
    PluginStatus { operation, ..status }
}

/// The status of a tenant of which nothing is left to remove.
pub fn tenant_left(tenant: &Tenant, status: TenantStatus) -> TenantStatus {
    let last = tenant.status.as_ref().and_then(|last| last.operation.as_ref());
    let operation = about(tenant, last, Doing::Done(OperationKind::Delete), &status.conditions, None);
    TenantStatus { operation, ..status }
}

/// The status of an install of which nothing is left to remove.
pub fn install_left(install: &PluginInstall, status: PluginInstallStatus) -> PluginInstallStatus {
    let last = install.status.as_ref().and_then(|last| last.operation.as_ref());
    let operation = about(install, last, Doing::Done(OperationKind::Delete), &status.conditions, None);
    PluginInstallStatus { operation, ..status }
}

/// Nobody can guess its id, and none is told twice.
fn about<K: Resource>(
    object: &K,
    last: Option<&OperationStatus>,
    doing: Doing,
    conditions: &[Condition],
    problem: Option<&Problem>,
) -> Option<OperationStatus> {
    let seen = Seen { last, doing, generation: object.meta().generation, conditions, problem };
    next(seen, || Uuid::new_v4().to_string(), Timestamp::now())
}
