//! Recording what is done, so that it can be read when the status says it no more.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use kube::{Resource, ResourceExt, runtime::reflector::ObjectRef};
use plexica_backends::{
    System,
    postgres::operation::{Entry, Whose, record},
};
use plexica_contract::name::Slug;
use plexica_crds::{
    OperationPhase, OperationStatus, Plugin, PluginInstall, PluginInstallStatus, PluginStatus, Reason, Tenant,
    TenantStatus, label::FINALIZER,
};

use crate::{backoff::spread, context::Context, plugin_install::allowed, problem::Problem, resource::uid};

/// How soon is tried again to record what could not be.
const OWED: Duration = Duration::from_secs(20);

/// What this operator has recorded last of each resource, so that what is at rest costs nothing.
#[derive(Debug, Default)]
pub struct Ledger(Mutex<Book>);

#[derive(Debug, Default)]
struct Book {
    /// By the resource's uid.
    known: HashMap<String, (String, OperationPhase)>,
    /// Of whom something is not recorded yet.
    owed: HashSet<String>,
}

impl Ledger {
    fn knows(&self, uid: &str, operation: &OperationStatus) -> bool {
        let known = self.book().known.get(uid).cloned();
        known.is_some_and(|(id, phase)| id == operation.id && phase == operation.phase)
    }

    fn note(&self, uid: &str, operation: &OperationStatus) {
        self.book().known.insert(uid.to_owned(), (operation.id.clone(), operation.phase));
    }

    fn owe(&self, uid: &str) {
        self.book().owed.insert(uid.to_owned());
    }

    fn settle(&self, uid: &str) {
        self.book().owed.remove(uid);
    }

    /// When to look again at the resource that would be looked at after this pause: sooner, if something of it is still
    /// to be recorded. Many that owe something since the database is away are not looked at together, by `chance` from 0
    /// to 1.
    pub fn pause(&self, uid: &str, pause: Duration, chance: f64) -> Duration {
        if self.book().owed.contains(uid) { pause.min(spread(OWED, chance)) } else { pause }
    }

    /// The resource is gone.
    pub fn forget(&self, uid: &str) {
        let mut book = self.book();
        book.known.remove(uid);
        book.owed.remove(uid);
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Records what stands in the status of a tenant.
///
/// # Errors
/// What is in the way of it; it is recorded at the next look then.
pub async fn record_tenant(context: &Context, tenant: &Tenant) -> Result<(), Problem> {
    let operation = tenant.status.as_ref().and_then(|status| status.operation.as_ref());
    let (name, uid) = (tenant.name_any(), uid(tenant));
    let tenant_of = Some(Whose { name: &name, uid: &uid });
    let entry = |operation| Entry { tenant: tenant_of, resource: "Tenant", name: &name, uid: &uid, operation };
    note(context, tenant, operation.map(entry)).await
}

/// Records what stands in the status of an install, if it may name its tenant.
///
/// # Errors
/// What is in the way of it; it is recorded at the next look then.
pub async fn record_install(context: &Context, install: &PluginInstall) -> Result<(), Problem> {
    let name = &install.spec.tenant_ref.name;
    let Ok(slug) = name.parse::<Slug>() else { return Ok(()) };
    if allowed(install, &slug, &context.settings).is_err() {
        return Ok(());
    }
    let operation = install.status.as_ref().and_then(|status| status.operation.as_ref());
    let tenant = context.tenants.get(&ObjectRef::<Tenant>::new(name));
    let tenant_uid = tenant.as_deref().map(uid).unwrap_or_default();
    let (own, uid) = (install.name_any(), uid(install));
    let entry = |operation| Entry {
        tenant: Some(Whose { name, uid: &tenant_uid }),
        resource: "PluginInstall",
        name: &own,
        uid: &uid,
        operation,
    };
    note(context, install, operation.map(entry)).await
}

/// Records what stands in the status of a catalogue entry; it is no tenant's.
///
/// # Errors
/// What is in the way of it; it is recorded at the next look then.
pub async fn record_plugin(context: &Context, plugin: &Plugin) -> Result<(), Problem> {
    let operation = plugin.status.as_ref().and_then(|status| status.operation.as_ref());
    let (name, uid) = (plugin.name_any(), uid(plugin));
    let entry = |operation| Entry { tenant: None, resource: "Plugin", name: &name, uid: &uid, operation };
    note(context, plugin, operation.map(entry)).await
}

/// Records how the operation ended that `next` takes the place of in a tenant's status: who wrote that
/// may have died before it was recorded, and what is recorded as running would be superseded. It is, if
/// the database is away just then: no resource is held up for its history.
pub async fn conclude_tenant(context: &Context, tenant: &Tenant, next: &TenantStatus) {
    let last = tenant.status.as_ref().and_then(|status| status.operation.as_ref());
    if is_replaced(last, next.operation.as_ref()) {
        tolerate(tenant, record_tenant(context, tenant).await);
    }
}

/// The same of an install.
pub async fn conclude_install(context: &Context, install: &PluginInstall, next: &PluginInstallStatus) {
    let last = install.status.as_ref().and_then(|status| status.operation.as_ref());
    if is_replaced(last, next.operation.as_ref()) {
        tolerate(install, record_install(context, install).await);
    }
}

/// The same of a catalogue entry.
pub async fn conclude_plugin(context: &Context, plugin: &Plugin, next: &PluginStatus) {
    let last = plugin.status.as_ref().and_then(|status| status.operation.as_ref());
    if is_replaced(last, next.operation.as_ref()) {
        tolerate(plugin, record_plugin(context, plugin).await);
    }
}

fn is_replaced(last: Option<&OperationStatus>, next: Option<&OperationStatus>) -> bool {
    last.is_some_and(|last| last.phase != OperationPhase::Running && next.is_none_or(|next| next.id != last.id))
}

async fn note<K: Resource>(context: &Context, object: &K, entry: Option<Entry<'_>>) -> Result<(), Problem> {
    // Owed is what fails now, and nothing that was owed before.
    context.operations.settle(&uid(object));
    let Some(entry) = entry.filter(|entry| !context.operations.knows(entry.uid, entry.operation)) else {
        return Ok(());
    };
    // What has no finalizer was not begun, and can go without anybody being there to say how it ended.
    if !object.finalizers().iter().any(|finalizer| finalizer == FINALIZER) {
        return Ok(());
    }
    let database = context.databases.default_database()?;
    let recorded = context.tried(System::Postgres, "record", record(database, &entry)).await;
    match &recorded {
        Ok(_) => context.operations.note(entry.uid, entry.operation),
        Err(problem) if problem.reason == Reason::BackendUnavailable => context.operations.owe(entry.uid),
        // Nothing that will pass by itself.
        Err(_) => {}
    }
    recorded.map(drop)
}

/// For what is not held up by it: it is said in the log, and tried again at the next look.
pub fn tolerate<K: Resource<DynamicType = ()>>(object: &K, recorded: Result<(), Problem>) {
    if let Err(problem) = recorded {
        tracing::warn!(kind = %K::kind(&()), name = object.name_any(), "an operation is not recorded yet: {problem}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_owed_is_tried_again_however_long_its_resource_would_rest() {
        let ledger = Ledger::default();
        let pauses = |uid| [1, 300].map(|seconds| ledger.pause(uid, Duration::from_secs(seconds), 0.5).as_secs());
        ledger.owe("a");
        assert_eq!((pauses("a"), pauses("b")), ([1, 20], [1, 300]));
        ledger.settle("a");
        assert_eq!(pauses("a"), [1, 300]);
    }
}
