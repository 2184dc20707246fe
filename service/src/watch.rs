//! A kind of resource, kept up to date in memory.

use std::{fmt::Debug, time::Duration};

use futures::StreamExt;
use kube::{
    Api, Client, Resource, ResourceExt,
    runtime::{
        WatchStreamExt,
        reflector::{self, Store},
        utils::Backoff,
        watcher,
    },
};
use serde::de::DeserializeOwned;

use crate::Tasks;

/// How long to wait before a watch that broke off is begun again: an API server that is back is to be
/// heard of within seconds. A service has a handful of watches, so that each may ask about every
/// second; and where a stream's waits come on top of another's, twice that is still soon.
#[derive(Clone, Debug, Default)]
pub struct Reconnect(i32);

impl Iterator for Reconnect {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let full = Duration::from_millis(250).mul_f64(2_f64.powi(self.0)).min(Duration::from_secs(1));
        self.0 = self.0.saturating_add(1).min(8);
        Some(full.mul_f64(rand::random_range(0.75..1.0)))
    }
}

impl Backoff for Reconnect {
    fn reset(&mut self) {
        self.0 = 0;
    }
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
        .backoff(Reconnect::default())
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
