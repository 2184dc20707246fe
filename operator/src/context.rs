//! What every reconcile works with.

use std::{path::PathBuf, sync::Arc, time::Duration};

use jiff::Timestamp;
use kube::{
    Client, Resource, ResourceExt,
    api::ListParams,
    runtime::{
        controller::Action,
        events::Recorder,
        reflector::{self, ObjectRef},
    },
};
use plexica_backends::{
    Changes, System,
    keycloak::Realms,
    postgres::{Placements, intent::Intents},
    s3::Store,
    workloads::Workloads,
};
use plexica_crds::{Plugin, PluginInstall, Reason, Tenant};
use tokio::sync::{Semaphore, watch};

use crate::{
    backoff::{Backoff, Matter, spread},
    index::Index,
    lifecycle::Lifecycle,
    metrics::Metrics,
    operation::Ledger,
    outage::Outages,
    plans::Plans,
    platform::{Keys, Whose},
    plugin_install::{Purges, SignIns},
    problem::{Problem, Remedy},
    settings::Settings,
};

/// How long a backend may take to say how things stand.
const READING: Duration = Duration::from_secs(30);
/// How long it may take to change them: longer than Postgres lets one statement of ours run.
const WRITING: Duration = Duration::from_secs(150);
/// How long it may take to note what was done: what is to be done next waits for it.
const RECORDING: Duration = Duration::from_secs(10);

/// Shared by all controllers.
pub struct Context {
    /// Kubernetes.
    pub client: Client,
    /// What pure steps know of the configuration.
    pub settings: Settings,
    /// The plans there are.
    pub plans: watch::Receiver<Arc<Plans>>,
    /// Databases by name.
    pub databases: Placements,
    /// Keycloak.
    pub realms: Realms,
    /// The object store.
    pub store: Store,
    /// Who is about to create which bucket.
    pub intents: Intents,
    /// What runs plugins.
    pub workloads: Arc<dyn Workloads>,
    /// The program `pg_dump`.
    pub pg_dump: PathBuf,
    /// How many backups may still be begun: each takes as long as it takes, and one of the reconciles
    /// that there can be at once.
    pub backups: Semaphore,
    /// The platform's keys.
    pub keys: Keys,
    /// Whose its database is.
    pub whose: Whose,
    /// Calls plugins.
    pub lifecycle: Lifecycle,
    /// Publishes Events.
    pub recorder: Recorder,
    /// Counts.
    pub metrics: Metrics,
    /// All tenants, as last seen.
    pub tenants: reflector::Store<Tenant>,
    /// The catalogue, as last seen.
    pub plugins: reflector::Store<Plugin>,
    /// All installs, as last seen.
    pub installs: reflector::Store<PluginInstall>,
    /// The same, by the name of their tenant.
    pub installs_of: Index<PluginInstall>,
    /// Whether every kind was listed once.
    pub listed: [watch::Receiver<bool>; 3],
    /// Systems that may be down.
    pub outages: Outages,
    /// What of the operations is recorded.
    pub operations: Ledger,
    /// Plugins that are asked to remove a tenant's data.
    pub purges: Purges,
    /// When logins of plugins were last seen to open their database.
    pub sign_ins: SignIns,
    /// When to look again at what is not as it should be.
    pub backoff: Backoff<(&'static str, String)>,
    /// When to look again at what is.
    pub resync: Duration,
    /// Only resources with these labels are seen.
    pub selector: Option<String>,
}

impl Context {
    /// Waits for a backend's verb, notes its outcome and turns it into a part's.
    pub async fn tried<T>(
        &self,
        system: System,
        verb: &'static str,
        call: impl Future<Output = plexica_backends::Result<T>>,
    ) -> Result<T, Problem> {
        let limit = match verb {
            "observe" => READING,
            "record" => RECORDING,
            _ => WRITING,
        };
        let result = within(limit, system, call).await;
        self.metrics.called(system, verb, &result);
        if let Err(error) = &result
            && error.is_passing()
        {
            self.outages.suspect(error.system);
        }
        result.map_err(Problem::from)
    }

    /// Notes what a backend wrote.
    pub fn wrote(&self, system: System, changes: &Changes) {
        let count = changes.iter().count();
        if count > 0 {
            tracing::info!(%system, "{changes}");
            self.metrics.changed(system, count as u64);
        }
    }

    /// When to look at the object again.
    pub fn again<K>(&self, object: &K, problem: Option<&Problem>) -> Action
    where
        K: Resource<DynamicType = ()>,
    {
        let key = key(object);
        match problem {
            None => {
                self.backoff.reset(&key);
                Action::requeue(self.pause(object))
            }
            Some(problem) => {
                if problem.reason == Reason::BackendUnavailable {
                    // Not all calls to it are backends' verbs.
                    self.outages.suspect(System::Kubernetes);
                }
                Action::requeue(self.recorded_by(object, self.backoff.next(key, problem.into(), rand::random())))
            }
        }
    }

    /// As [`Self::again`], where a watch tells of what it waits for: looking all the time would only hold up what that is.
    pub fn again_unless_told<K>(&self, object: &K, waits: &Problem) -> Action
    where
        K: Resource<DynamicType = ()>,
    {
        let matter = Matter { remedy: Remedy::Change, ..waits.into() };
        Action::requeue(self.recorded_by(object, self.backoff.next(key(object), matter, rand::random())))
    }

    /// As [`Self::again`] for what is as it should be, and not later than `by`.
    pub fn again_by<K>(&self, object: &K, by: Timestamp) -> Action
    where
        K: Resource<DynamicType = ()>,
    {
        self.backoff.reset(&key(object));
        let left = Duration::try_from(by.duration_since(Timestamp::now())).unwrap_or_default();
        Action::requeue(self.pause(object).min(left))
    }

    /// Those of the objects that failed for want of a system that is there again.
    pub fn relieved<K>(&self, seen: &reflector::Store<K>) -> Vec<ObjectRef<K>>
    where
        K: Resource<DynamicType = ()> + Clone + 'static,
    {
        let failed = |object: &&Arc<K>| self.backoff.relieve(&key(&***object));
        seen.state().iter().filter(failed).map(|object| ObjectRef::from_obj(&**object)).collect()
    }

    /// Spread: what was made together need not be looked at together.
    fn pause<K: Resource>(&self, object: &K) -> Duration {
        self.recorded_by(object, spread(self.resync, rand::random()))
    }

    /// What is not recorded yet is not left so until whatever else is the matter with it is looked at again.
    fn recorded_by<K: Resource>(&self, object: &K, pause: Duration) -> Duration {
        object.meta().uid.as_ref().map_or(pause, |uid| self.operations.pause(uid, pause, rand::random()))
    }

    /// Waits until every kind was listed once.
    pub async fn seen(&self) {
        for listed in &self.listed {
            // An error means that its watch has ended, which ends this reconcile as well.
            let _ = listed.clone().wait_for(|listed| *listed).await;
        }
    }

    /// Which resources there are for this operator.
    pub fn selected(&self) -> ListParams {
        self.selector.as_ref().map_or_else(ListParams::default, |selector| ListParams::default().labels(selector))
    }

    /// The API refused a write of ours: the object changed meanwhile, or the API is away.
    pub fn refused<K>(&self, object: &K, error: &kube::Error) -> Action
    where
        K: Resource<DynamicType = ()>,
    {
        let remedy = match error {
            kube::Error::Api(status) if status.code == 409 => Remedy::Wait,
            error => {
                tracing::warn!(kind = %K::kind(&()), name = object.name_any(), %error, "Kubernetes refused");
                self.outages.suspect(System::Kubernetes);
                Remedy::Retry
            }
        };
        let matter = Matter { remedy, reason: None, system: Some(System::Kubernetes) };
        Action::requeue(self.backoff.next(key(object), matter, rand::random()))
    }
}

/// A backend that took a request and never answers is as good as down: it must not keep the other
/// parts of a resource from being reported, or itself from being tried again.
async fn within<T>(
    limit: Duration,
    system: System,
    call: impl Future<Output = plexica_backends::Result<T>>,
) -> plexica_backends::Result<T> {
    let late = |_| Err(plexica_backends::Error::unavailable(system, format!("no answer within {} s", limit.as_secs())));
    tokio::time::timeout(limit, call).await.unwrap_or_else(late)
}

/// What counts failures: uids, since a new resource of an old name is a new one.
fn key<K: Resource<DynamicType = ()>>(object: &K) -> (&'static str, String) {
    let kind = match K::kind(&()).as_ref() {
        "Tenant" => "Tenant",
        "Plugin" => "Plugin",
        _ => "PluginInstall",
    };
    (kind, object.uid().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_never_answers_is_unavailable() {
        let never = std::future::pending::<plexica_backends::Result<()>>();
        let error = within(Duration::from_millis(1), System::S3, never).await.unwrap_err();
        assert_eq!((error.system, error.kind), (System::S3, plexica_backends::Kind::Unavailable));
        let answers = std::future::ready(Ok(42));
        assert_eq!(within(Duration::from_millis(1), System::S3, answers).await.unwrap(), 42);
    }
}
