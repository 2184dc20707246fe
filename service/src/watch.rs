//! A kind of resource, kept up to date in memory.

use std::{fmt::Debug, time::Duration};

use backon::ExponentialBuilder;
use futures::StreamExt;
use kube::{
    Api, Client, Resource, ResourceExt,
    runtime::{
        WatchStreamExt,
        reflector::{self, Store},
        watcher,
    },
};
use serde::de::DeserializeOwned;

use crate::Tasks;

/// How long to wait before a watch that broke off is begun again, half a second to a second: an API
/// server that is back is to be heard of within seconds, and a service has a handful of watches.
///
/// It does not grow, since it could not: kube takes the beginning of each attempt to list for a success.
pub fn reconnect() -> watcher::ExponentialBackoff {
    let wait = Duration::from_millis(500);
    // Jitter adds up to as much again.
    ExponentialBuilder::new().with_min_delay(wait).with_max_delay(wait).without_max_times().with_jitter().into()
}

/// Watches all objects of a kind until the service stops. `changed` is called after the first list
/// and after each change; while the API server is away, what is known stays.
///
/// Wait for the first list in one task only: of several waiters, kube's store wakes one.
pub fn follow<K>(tasks: &Tasks, client: &Client, changed: impl Fn() + Send + Sync + 'static) -> Store<K>
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
{
    let (store, writer) = reflector::store::<K>();
    let events = watcher(Api::<K>::all(client.clone()), watcher::Config::default())
        .backoff(reconnect())
        .modify(|object| object.managed_fields_mut().clear())
        .reflect(writer);
    let shutdown = tasks.shutdown();
    tasks.spawn("a watch", async move {
        let each = events.for_each(|event| {
            match event {
                Ok(watcher::Event::Apply(_) | watcher::Event::Delete(_) | watcher::Event::InitDone) => changed(),
                Ok(watcher::Event::Init | watcher::Event::InitApply(_)) => {}
                Err(error) => {
                    tracing::warn!(%error, kind = %K::kind(&()), "the watch is interrupted; what is known serves on");
                }
            }
            std::future::ready(())
        });
        shutdown.run_until_cancelled(each).await;
    });
    store
}
