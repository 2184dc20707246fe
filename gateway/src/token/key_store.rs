//! Realms' keys, kept.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwapOption;
use tokio::time::Instant;

use super::{AuthError, Fetcher, KeySet, VerificationKey};
use crate::metrics::Fetches;

/// How long after a failed fetch the next one may follow.
const RETRY: Duration = Duration::from_secs(1);

/// Keys of all realms. A key that is known is never waited for; an unknown key id makes one fetch
/// for all who ask, at most one per `min_interval`, so that a flood of made-up ids costs Keycloak
/// nothing; keys that are old are fetched again behind the requests, and serve on if that fails.
#[derive(Debug)]
pub struct KeyStore {
    fetcher: Fetcher,
    min_interval: Duration,
    max_age: Duration,
    counter: Fetches,
    realms: Mutex<HashMap<String, Arc<RealmKeys>>>,
}

#[derive(Debug, Default)]
struct RealmKeys {
    current: ArcSwapOption<Current>,
    /// The last attempt. Held while fetching: who comes meanwhile waits for that fetch.
    last: tokio::sync::Mutex<Option<Attempt>>,
}

#[derive(Debug)]
struct Current {
    keys: KeySet,
    fetched: Instant,
}

#[derive(Clone, Copy, Debug)]
struct Attempt {
    at: Instant,
    good: bool,
}

impl KeyStore {
    /// Empty at first.
    pub fn new(fetcher: Fetcher, min_interval: Duration, max_age: Duration, counter: Fetches) -> Self {
        Self { fetcher, min_interval, max_age, counter, realms: Mutex::default() }
    }

    /// A realm's key.
    ///
    /// # Errors
    /// [`AuthError::UnknownKey`] if the realm has no such key, [`AuthError::KeysUnavailable`] if
    /// that cannot be told.
    pub async fn key(self: &Arc<Self>, realm: &str, kid: &str) -> Result<VerificationKey, AuthError> {
        let keys = self.realm(realm);
        if let Some(current) = keys.current.load_full()
            && let Some(key) = current.keys.get(kid)
        {
            if current.fetched.elapsed() >= self.max_age {
                self.refresh_behind(realm, &keys);
            }
            return Ok(key.clone());
        }
        // Fetching is a task of its own: a client that goes away does not take it along, or each
        // unknown key id of a flood would start another.
        let (store, of, name) = (self.clone(), keys.clone(), realm.to_owned());
        let wanted = kid.to_owned();
        let fetching = tokio::spawn(async move {
            let mut last = of.last.lock().await;
            if !of.has(&wanted) {
                store.attempt(&name, &of, &mut last).await;
            }
            last.is_none_or(|last| last.good)
        });
        let good = fetching.await.unwrap_or(false);
        let current = keys.current.load_full();
        match current.as_ref().and_then(|current| current.keys.get(kid)) {
            Some(key) => Ok(key.clone()),
            None if good => Err(AuthError::UnknownKey),
            None => Err(AuthError::KeysUnavailable),
        }
    }

    /// Forgets realms that are gone.
    pub fn retain(&self, realms: &HashSet<&str>) {
        self.realms.lock().unwrap_or_else(PoisonError::into_inner).retain(|name, _| realms.contains(name.as_str()));
    }

    fn realm(&self, name: &str) -> Arc<RealmKeys> {
        let mut realms = self.realms.lock().unwrap_or_else(PoisonError::into_inner);
        match realms.get(name) {
            Some(keys) => keys.clone(),
            None => realms.entry(name.to_owned()).or_default().clone(),
        }
    }

    fn refresh_behind(self: &Arc<Self>, name: &str, keys: &Arc<RealmKeys>) {
        if keys.last.try_lock().is_err() {
            return;
        }
        let (store, keys, name) = (self.clone(), keys.clone(), name.to_owned());
        tokio::spawn(async move {
            let mut last = keys.last.lock().await;
            let still_old = keys.current.load().as_ref().is_none_or(|now| now.fetched.elapsed() >= store.max_age);
            if still_old {
                store.attempt(&name, &keys, &mut last).await;
            }
        });
    }

    /// Fetches, unless the last attempt was a moment ago.
    async fn attempt(&self, name: &str, keys: &RealmKeys, last: &mut Option<Attempt>) {
        let pause = |last: &Attempt| if last.good { self.min_interval } else { RETRY };
        if last.as_ref().is_some_and(|last| last.at.elapsed() < pause(last)) {
            return;
        }
        let result = self.fetcher.fetch(name).await;
        self.counter.count(result.is_ok());
        *last = Some(Attempt { at: Instant::now(), good: result.is_ok() });
        match result {
            Ok(fetched) => keys.current.store(Some(Arc::new(Current { keys: fetched, fetched: Instant::now() }))),
            Err(error) => tracing::warn!(
                realm = name,
                error = &error as &dyn std::error::Error,
                "the realm's keys cannot be fetched; those known serve on"
            ),
        }
    }
}

impl RealmKeys {
    fn has(&self, kid: &str) -> bool {
        self.current.load().as_ref().is_some_and(|current| current.keys.get(kid).is_some())
    }
}
