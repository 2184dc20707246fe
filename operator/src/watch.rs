//! One watch per kind. It fills the store that decisions are taken from, and then tells whoever waits:
//! with a watch of its own, who waits could hear of a change before the store has it, decide by what
//! was, and not hear of it again.

use std::{collections::HashMap, fmt::Debug, sync::Arc, time::Duration};

use futures::{Stream, StreamExt, stream};
use kube::{
    Api, Client, Resource,
    runtime::{
        Controller, Predicate, PredicateConfig, WatchStreamExt, predicates,
        reflector::{self, ObjectRef, Store},
        watcher,
    },
};
use plexica_service::watch::reconnect;
use serde::de::DeserializeOwned;
use tokio::{
    sync::{broadcast, watch},
    time::{Instant, sleep_until},
};
use tokio_stream::wrappers::BroadcastStream;

/// What may be seen before whoever waits has heard of the first of it; whoever is further behind looks
/// at everything.
const BEHIND: usize = 1024;

/// What a watch saw.
#[derive(Debug)]
pub enum Sight<K> {
    /// This came, changed or went.
    One(Arc<K>),
    /// Any of them may have.
    Any,
}

impl<K> Sight<K> {
    /// What was seen, if it was one.
    pub fn one(&self) -> Option<&K> {
        match self {
            Self::One(seen) => Some(seen),
            Self::Any => None,
        }
    }

    /// Whether it can be something of which this is true.
    pub fn may_be(&self, wanted: impl FnOnce(&K) -> bool) -> bool {
        self.one().is_none_or(wanted)
    }
}

impl<K> Clone for Sight<K> {
    fn clone(&self) -> Self {
        match self {
            Self::One(seen) => Self::One(seen.clone()),
            Self::Any => Self::Any,
        }
    }
}

/// A kind's watch, before it is reconciled.
pub struct Watch<K>
where
    K: Resource<DynamicType = ()> + Clone + Debug + 'static,
{
    /// Reconciles what changes.
    pub controller: Controller<K>,
    /// What was seen last of every resource of the kind.
    pub store: Store<K>,
    /// Whether all of them were listed once. The store's own way to wait for that wakes one waiter
    /// only, and here are many.
    pub listed: watch::Receiver<bool>,
    sights: broadcast::Sender<Sight<K>>,
}

impl<K> Watch<K>
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug + Send + Sync + 'static,
{
    /// Watches the kind. The operator's own writes of a status do not wake it: only what others may
    /// have changed does, and what it waits for. `follows` hears of what has come into the store before anybody else.
    pub fn new(
        client: &Client,
        selector: Option<&str>,
        follows: impl Fn(&watcher::Event<K>, &Store<K>) + Send + 'static,
    ) -> Self {
        let (store, writer) = reflector::store();
        let (listed, sights) = (watch::Sender::new(false), broadcast::Sender::new(BEHIND));
        let (is_listed, told) = (listed.subscribe(), sights.clone());
        let changed = predicates::generation
            .combine(predicates::finalizers)
            .combine(predicates::labels)
            .combine(predicates::annotations);
        let config = selector.map_or_else(watcher::Config::default, |labels| watcher::Config::default().labels(labels));
        let events = watcher(Api::<K>::all(client.clone()), config).backoff(reconnect());
        let seen = kept(events, (store.clone(), writer), follows, listed, told);
        let stream = seen.predicate_filter(changed, PredicateConfig::default());
        let controller = Controller::for_stream(stream, store.clone()).trigger_backoff(reconnect());
        Self { controller, store, listed: is_listed, sights }
    }

    /// What is seen from now on, once it is in the store.
    pub fn seen(&self) -> impl Stream<Item = Sight<K>> + Send + use<K> {
        told(&self.sights)
    }
}

/// Those sights that matter to others, who need not hear of an object again when only the rest of it has changed.
pub fn mattering<K, T>(
    sights: impl Stream<Item = Sight<K>>,
    store: Store<K>,
    matters: impl Fn(&K) -> T,
) -> impl Stream<Item = Sight<K>>
where
    K: Resource<DynamicType = ()> + Clone + 'static,
    T: PartialEq,
{
    let mut last = HashMap::new();
    sights.filter(move |sight| {
        let told = match sight {
            Sight::Any => {
                last.clear();
                true
            }
            Sight::One(object) => {
                let (uid, now) = (object.meta().uid.clone(), matters(object));
                let there = store.get(&ObjectRef::from_obj(&**object));
                let is_there = there.is_some_and(|there| there.meta().uid == uid);
                let changed = last.remove(&uid).as_ref() != Some(&now);
                if is_there {
                    last.insert(uid, now);
                }
                changed || !is_there
            }
        };
        std::future::ready(told)
    })
}

/// What was seen since the last time, at once and then not more often than that: for who looks at all of them
/// whichever it was.
pub fn at_most_every<K>(
    period: Duration,
    sights: impl Stream<Item = Sight<K>> + Unpin,
) -> impl Stream<Item = Vec<Sight<K>>> {
    stream::unfold((sights.ready_chunks(BEHIND), None), move |(mut sights, until)| async move {
        if let Some(until) = until {
            sleep_until(until).await;
        }
        let seen = sights.next().await?;
        Some((seen, (sights, Some(Instant::now() + period))))
    })
}

fn told<K: Send + Sync + 'static>(
    sights: &broadcast::Sender<Sight<K>>,
) -> impl Stream<Item = Sight<K>> + Send + Unpin + use<K> {
    BroadcastStream::new(sights.subscribe()).map(|sight| sight.unwrap_or(Sight::Any))
}

/// Puts what is watched into the store, and tells then; what came or changed. Of a list in pages the
/// store has nothing before the last.
fn kept<K>(
    events: impl Stream<Item = watcher::Result<watcher::Event<K>>>,
    (store, writer): (Store<K>, reflector::store::Writer<K>),
    follows: impl Fn(&watcher::Event<K>, &Store<K>),
    listed: watch::Sender<bool>,
    told: broadcast::Sender<Sight<K>>,
) -> impl Stream<Item = watcher::Result<K>>
where
    K: Resource<DynamicType = ()> + Clone + 'static,
{
    events.reflect(writer).flat_map(move |event| {
        if let Ok(event) = &event {
            follows(event, &store);
        }
        let (sight, changed) = match event {
            Ok(watcher::Event::Apply(object)) => (Some(Sight::One(object.clone().into())), vec![Ok(object)]),
            Ok(watcher::Event::Delete(object)) => (Some(Sight::One(object.into())), Vec::new()),
            // What went while nobody watched is in no event.
            Ok(watcher::Event::InitDone) => {
                listed.send_replace(true);
                (Some(Sight::Any), store.state().iter().map(|object| Ok((**object).clone())).collect())
            }
            Ok(watcher::Event::Init | watcher::Event::InitApply(_)) => (None, Vec::new()),
            Err(error) => (None, vec![Err(error)]),
        };
        if let Some(sight) = sight {
            // Nobody may be waiting.
            let _told = told.send(sight);
        }
        stream::iter(changed)
    })
}

/// Those of them that are wanted.
pub fn those<K>(known: &[Arc<K>], wanted: impl Fn(&K) -> bool) -> Vec<ObjectRef<K>>
where
    K: Resource<DynamicType = ()>,
{
    known.iter().filter(|object| wanted(object)).map(|object| ObjectRef::from_obj(&**object)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use futures::FutureExt;
    use plexica_crds::Tenant;
    use watcher::Event;

    #[tokio::test]
    async fn what_is_told_is_in_the_store() {
        let mut suspended = fixture::tenant("acme");
        suspended.spec.suspend = true;
        let there = |slug: &str| Event::InitApply(fixture::tenant(slug));
        // Each with who is told of, what is to be reconciled, and what the store has then.
        let events = vec![
            (Event::Init, "", "", ""),
            (there("acme"), "", "", ""),
            (there("beta"), "", "", ""),
            (Event::InitDone, "any", "acme beta", "acme beta"),
            (Event::Apply(suspended), "acme", "acme", "beta"),
            (Event::Delete(fixture::tenant("beta")), "beta", "", ""),
            // The watch was away meanwhile, and the list has several pages.
            (Event::Init, "", "", ""),
            (there("gamma"), "", "", ""),
            (there("delta"), "", "", ""),
            (Event::InitDone, "any", "delta gamma", "delta gamma"),
        ];

        let (store, writer) = reflector::store::<Tenant>();
        let (tell, is_listed) = watch::channel(false);
        let told = broadcast::Sender::new(BEHIND);
        let mut sights = told.subscribe();
        let (feed, fed) = futures::channel::mpsc::unbounded();
        let mut watched = Box::pin(kept(fed, (store.clone(), writer), |_, _| {}, tell, told));
        let words = |mut words: Vec<String>| {
            words.sort();
            words.join(" ")
        };
        for (event, heard, reconciled, known) in events {
            let what = format!("{event:?}");
            feed.unbounded_send(Ok(event)).unwrap();
            let mut changed = Vec::new();
            while let Some(Some(Ok(tenant))) = watched.next().now_or_never() {
                changed.push(tenant.metadata.name.unwrap());
            }
            let sight = sights.try_recv().ok().map(|sight| match sight {
                Sight::One(tenant) => tenant.metadata.name.clone().unwrap(),
                Sight::Any => "any".into(),
            });
            let not_suspended = those(&store.state(), |tenant| !tenant.spec.suspend);
            let not_suspended = not_suspended.into_iter().map(|tenant| tenant.name).collect();
            if sight.is_some() {
                assert!(*is_listed.borrow());
                assert_eq!(words(not_suspended), known, "{what}");
            }
            assert_eq!((sight.unwrap_or_default().as_str(), words(changed).as_str()), (heard, reconciled), "{what}");
        }
    }

    #[test]
    fn anything_may_be_what_was_not_told_apart() {
        let one = Sight::One(Arc::new(fixture::tenant("acme")));
        let is = |slug: &'static str| move |tenant: &Tenant| tenant.metadata.name.as_deref() == Some(slug);
        assert!(one.may_be(is("acme")) && !one.may_be(is("beta")) && Sight::Any.may_be(is("beta")));
    }

    #[tokio::test]
    async fn who_goes_by_a_part_of_it_is_not_told_of_the_rest() {
        let (store, mut writer) = reflector::store::<Tenant>();
        let acme = |uid: &str, name: &str, suspend| {
            let mut tenant = fixture::tenant("acme");
            tenant.metadata.uid = Some(uid.into());
            (tenant.spec.display_name, tenant.spec.suspend) = (name.into(), suspend);
            tenant
        };
        let (feed, fed) = futures::channel::mpsc::unbounded();
        let mut told = mattering(fed, store, |tenant: &Tenant| tenant.spec.suspend);
        let mut is_told = |tenant: Tenant, event: &dyn Fn(Tenant) -> Event<Tenant>| {
            writer.apply_watcher_event(&event(tenant.clone()));
            feed.unbounded_send(Sight::One(Arc::new(tenant))).unwrap();
            told.next().now_or_never().is_some()
        };
        assert!(is_told(acme("1", "Acme", false), &Event::Apply));
        assert!(!is_told(acme("1", "Acme Inc", false), &Event::Apply));
        assert!(is_told(acme("1", "Acme Inc", true), &Event::Apply));
        assert!(!is_told(acme("1", "Acme", true), &Event::Apply));
        assert!(is_told(acme("1", "Acme", true), &Event::Delete), "that it is gone matters");
        assert!(is_told(acme("2", "Acme", true), &Event::Apply), "another one");
        assert!(!is_told(acme("2", "Acme Inc", true), &Event::Apply));
        feed.unbounded_send(Sight::Any).unwrap();
        assert!(told.next().now_or_never().is_some());
    }

    #[tokio::test]
    async fn who_looks_at_all_is_told_at_once_and_then_of_many_together() {
        for period in [Duration::from_hours(1), Duration::from_millis(1)] {
            let (feed, fed) = futures::channel::mpsc::unbounded();
            let sees = |slug: &str| feed.unbounded_send(Sight::One(Arc::new(fixture::tenant(slug)))).unwrap();
            let mut told = Box::pin(at_most_every(period, fed));
            sees("acme");
            assert_eq!(told.next().now_or_never().flatten().map(|seen| seen.len()), Some(1));
            sees("beta");
            sees("gamma");
            if period > Duration::from_secs(1) {
                assert!(told.next().now_or_never().is_none());
            } else {
                assert_eq!(told.next().await.map(|seen| seen.len()), Some(2));
            }
        }
    }

    #[tokio::test]
    async fn who_is_too_far_behind_looks_at_everything() {
        let sights = broadcast::Sender::new(1);
        let mut seen = told(&sights);
        for slug in ["acme", "beta", "gamma"] {
            sights.send(Sight::One(Arc::new(fixture::tenant(slug)))).unwrap();
        }
        assert!(matches!(seen.next().await, Some(Sight::Any)));
        assert!(
            matches!(seen.next().await, Some(Sight::One(tenant)) if tenant.metadata.name.as_deref() == Some("gamma"))
        );
    }
}
