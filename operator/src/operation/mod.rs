//! What is being done about a resource, told as one thing with an id. Pure: it follows from the
//! status that is about to be written, so that it needs no bookkeeping of its own and is the same
//! for whoever goes on with it.

mod kind;
mod next;

use jiff::Timestamp;
use plexica_crds::{OperationKind, PluginInstall, PluginInstallStatus, Tenant, TenantStatus};
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
    let seen = Seen {
        last: tenant.status.as_ref().and_then(|last| last.operation.as_ref()),
        doing: of_tenant(tenant, &status),
        generation: tenant.metadata.generation,
        conditions: &status.conditions,
        problem,
    };
    TenantStatus { operation: next(seen, id, Timestamp::now()), ..status }
}

/// The status of an install, with what is being done about it.
pub fn about_install(
    install: &PluginInstall,
    status: PluginInstallStatus,
    problem: Option<&Problem>,
) -> PluginInstallStatus {
    let seen = Seen {
        last: install.status.as_ref().and_then(|last| last.operation.as_ref()),
        doing: of_install(install, &status),
        generation: install.metadata.generation,
        conditions: &status.conditions,
        problem,
    };
    PluginInstallStatus { operation: next(seen, id, Timestamp::now()), ..status }
}

/// Nobody can guess it, and none is told twice.
fn id() -> String {
    Uuid::new_v4().to_string()
}
