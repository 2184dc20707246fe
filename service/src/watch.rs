//! A kind of resource, kept up to date in memory.

use std::{collections::HashMap, fmt::Debug, time::Duration};

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

/// What a watch has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed<'a, K> {
    /// This came, changed or went.
    One(&'a K),
    /// Any of them may have.
    Any,
}

/// Watches all objects of a kind until the service stops; while the API server is away, what is known stays.
///
/// `changed` is called after each list, and then for each object that came, went, or of which what `matters` is
/// another: what follows of a change may be much, and most are of the rest.
///
/// Wait for the first list in one task only: of several waiters, kube's store wakes one.
pub fn follow<K, T>(
    tasks: &Tasks,
    client: &Client,
    matters: impl Fn(&K) -> T + Send + Sync + 'static,
    changed: impl Fn(Changed<'_, K>) + Send + Sync + 'static,
) -> Store<K>
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
    T: PartialEq + Send + 'static,
{
    let (store, writer) = reflector::store::<K>();
    let events = watcher(Api::<K>::all(client.clone()), watcher::Config::default())
        .backoff(reconnect())
        .modify(|object| object.managed_fields_mut().clear())
        .reflect(writer);
    let shutdown = tasks.shutdown();
    tasks.spawn("a watch", async move {
        let mut known = Known(HashMap::new());
        let each = events.for_each(|event| {
            match event {
                Ok(event) => {
                    if let Some(news) = known.news(&event, &matters) {
                        changed(news);
                    }
                }
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

/// What mattered last of each object, by its uid.
struct Known<T>(HashMap<Option<String>, T>);

impl<T: PartialEq> Known<T> {
    /// What is new in it.
    fn news<'a, K: Resource>(
        &mut self,
        event: &'a watcher::Event<K>,
        matters: impl Fn(&K) -> T,
    ) -> Option<Changed<'a, K>> {
        match event {
            watcher::Event::Init => {
                self.0.clear();
                None
            }
            watcher::Event::InitApply(object) => {
                self.0.insert(object.meta().uid.clone(), matters(object));
                None
            }
            watcher::Event::InitDone => Some(Changed::Any),
            watcher::Event::Apply(object) => {
                let now = matters(object);
                let same = self.0.get(&object.meta().uid) == Some(&now);
                self.0.insert(object.meta().uid.clone(), now);
                (!same).then_some(Changed::One(object))
            }
            watcher::Event::Delete(object) => {
                self.0.remove(&object.meta().uid);
                Some(Changed::One(object))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::core::v1::ConfigMap;
    use watcher::Event::{Apply, Delete, Init, InitApply, InitDone};

    fn object(uid: &str, matters: &str, rest: &str) -> ConfigMap {
        let mut object = ConfigMap::default();
        object.metadata.uid = Some(uid.into());
        object.metadata.name = Some(matters.into());
        object.metadata.resource_version = Some(rest.into());
        object
    }

    #[test]
    fn what_does_not_matter_is_no_news() {
        let mut known = Known(HashMap::new());
        let mut told = |event| {
            known.news(&event, |object: &ConfigMap| object.metadata.name.clone()).map(|news| match news {
                Changed::One(object) => object.metadata.uid.clone().unwrap(),
                Changed::Any => "any".into(),
            })
        };
        assert_eq!(told(Init), None);
        assert_eq!(told(InitApply(object("1", "a", "1"))), None);
        assert_eq!(told(InitDone).as_deref(), Some("any"));
        assert_eq!(told(Apply(object("1", "a", "2"))), None);
        assert_eq!(told(Apply(object("2", "a", "3"))).as_deref(), Some("2"), "it came");
        assert_eq!(told(Apply(object("1", "b", "4"))).as_deref(), Some("1"), "it changed");
        assert_eq!(told(Apply(object("1", "b", "5"))), None);
        assert_eq!(told(Delete(object("1", "b", "6"))).as_deref(), Some("1"), "it went");
        assert_eq!(told(Apply(object("1", "b", "7"))).as_deref(), Some("1"), "it came again");
        assert_eq!(told(Init), None);
        assert_eq!(told(InitDone).as_deref(), Some("any"));
        assert_eq!(told(Apply(object("1", "b", "8"))).as_deref(), Some("1"), "it was not in the list");
    }
}
