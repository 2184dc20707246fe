//! How far so many have come. Each look costs what is new, and not what is there: what it costs is taken from the
//! operator.

use std::collections::BTreeSet;

use futures::{StreamExt, future::join};
use kube::{
    Api, Resource,
    runtime::{
        WatchStreamExt,
        reflector::{self, Store},
        watcher,
    },
};
use plexica_crds::{PluginInstall, Tenant, plugin_install, tenant};
use serde::de::DeserializeOwned;
use tokio_util::task::AbortOnDropHandle;

use crate::{
    proxy::{Call, Script, System},
    world::{World, selector},
};

/// Tenants and installs of a world, as its API server tells of them.
pub struct Resources {
    tenants: Store<Tenant>,
    installs: Store<PluginInstall>,
    _watching: AbortOnDropHandle<()>,
}

impl Resources {
    /// From now on.
    pub fn of(world: &World) -> Self {
        let mine = watcher::Config::default().labels(&selector(&world.name));
        let (tenants, all_tenants) = follow(world.tenants(), mine.clone());
        let (installs, all_installs) = follow(Api::<PluginInstall>::all(world.client.clone()), mine);
        let watching = tokio::spawn(async move { join(all_tenants, all_installs).await.0 });
        Self { tenants, installs, _watching: AbortOnDropHandle::new(watching) }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.tenants.len() + self.installs.len()
    }

    /// How many of them are Ready.
    pub fn ready(&self) -> usize {
        let tenant = |tenant: &Tenant| tenant.status.as_ref()?.phase.map(|phase| phase == tenant::Phase::Ready);
        let install =
            |install: &PluginInstall| install.status.as_ref()?.phase.map(|phase| phase == plugin_install::Phase::Ready);
        let tenants = self.tenants.state().iter().filter(|one| tenant(one) == Some(true)).count();
        tenants + self.installs.state().iter().filter(|one| install(one) == Some(true)).count()
    }
}

fn follow<K>(api: Api<K>, mine: watcher::Config) -> (Store<K>, impl Future<Output = ()> + Send + 'static)
where
    K: Resource<DynamicType = ()> + Clone + std::fmt::Debug + DeserializeOwned + Send + Sync + 'static,
{
    let (store, writer) = reflector::store();
    let seen = watcher(api, mine).default_backoff().reflect(writer);
    (store, seen.for_each(|_| std::future::ready(())))
}

/// What the operator has called since recording began, as far as it was read.
#[derive(Default)]
pub struct Calls {
    /// How many.
    pub count: usize,
    /// Those that may change something.
    pub writes: Vec<Call>,
    looked_at: BTreeSet<String>,
}

impl Calls {
    /// Reads what is new.
    pub fn read(&mut self, script: &Script) -> &Self {
        self.take(script.calls_after(self.count));
        self
    }

    /// How many tenants and installs the operator has asked the API server for.
    pub fn looked_at(&self) -> usize {
        self.looked_at.len()
    }

    fn take(&mut self, calls: Vec<Call>) {
        self.count += calls.len();
        self.looked_at.extend(calls.iter().filter_map(one));
        self.writes.extend(calls.into_iter().filter(|call| call.writes));
    }
}

/// The tenant or install that is asked for.
fn one(call: &Call) -> Option<String> {
    let (_, path) = call.what.strip_prefix("GET ")?.split_once("/v1alpha1/")?;
    let words: Vec<&str> = path.split('/').collect();
    let is_one = matches!(words.as_slice(), ["tenants", _] | ["namespaces", _, "plugininstalls", _]);
    (call.system == System::Kubernetes && is_one).then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_counted_once() {
        let call =
            |what: &str| Call { system: System::Kubernetes, what: what.into(), writes: what.starts_with("PATCH") };
        let mut calls = Calls::default();
        calls.take(vec![
            call("GET /apis/plexica.io/v1alpha1/tenants/acme"),
            call("GET /apis/plexica.io/v1alpha1/tenants/acme"),
            call("GET /apis/plexica.io/v1alpha1/tenants"),
        ]);
        calls.take(vec![
            call("GET /apis/plexica.io/v1alpha1/tenants/acme"),
            call("GET /apis/plexica.io/v1alpha1/namespaces/x/plugininstalls/it"),
            call("PATCH /apis/plexica.io/v1alpha1/tenants/beta/status"),
            call("GET /api/v1/namespaces/tenant-acme/secrets/plexica-storage"),
        ]);
        assert_eq!((calls.count, calls.looked_at(), calls.writes.len()), (7, 2, 1));
    }
}
