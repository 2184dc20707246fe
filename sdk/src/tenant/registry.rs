//! The tenants the plugin serves, kept up to date.

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::{Duration, Instant},
};

use futures::{FutureExt, future::join_all};
use plexica_contract::{manifest, name::Slug, tenancy::PluginTenant};
use serde_json::Value;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use super::roster::Roster;
use crate::{
    Error, Result,
    lifecycle::Reload,
    platform::{Platform, PlatformError},
};

/// However many requests for unknown tenants arrive, the platform is asked once in this time.
const AT_MOST_EVERY: Duration = Duration::from_secs(1);
/// How long the author may take over another configuration.
const RELOAD: Duration = Duration::from_secs(30);
const FIRST_DELAY: Duration = Duration::from_millis(200);
const LONGEST_DELAY: Duration = Duration::from_secs(15);

pub(crate) struct Registry {
    platform: Arc<Platform>,
    roster: RwLock<Roster>,
    /// When the platform was asked because of an unknown tenant, and whether it answered.
    asked: Mutex<Option<(Instant, bool)>>,
}

impl Registry {
    pub(crate) fn new(platform: Arc<Platform>, reload: manifest::Reload, restart: i64) -> Self {
        Self { platform, roster: RwLock::new(Roster::new(reload, restart)), asked: Mutex::new(None) }
    }

    /// A tenant; the platform is asked at once about an unknown one.
    pub(crate) async fn find(&self, slug: &Slug) -> Result<Arc<PluginTenant>> {
        if let Some(known) = self.known(slug) {
            return Ok(known);
        }
        let mut asked = self.asked.lock().await;
        // Somebody else may have asked while we waited.
        if let Some(known) = self.known(slug) {
            return Ok(known);
        }
        let answered = match *asked {
            Some((when, answered)) if when.elapsed() < AT_MOST_EVERY => answered,
            _ => {
                let answered = self.fetch(None).await.is_ok();
                *asked = Some((Instant::now(), answered));
                answered
            }
        };
        match self.known(slug) {
            Some(known) => Ok(known),
            None if answered => Err(Error::not_found()),
            None => Err(Error::unavailable("The platform cannot be asked about this tenant; try again.")),
        }
    }

    /// A tenant that is known already.
    pub(crate) fn known(&self, slug: &Slug) -> Option<Arc<PluginTenant>> {
        self.read().get(slug, Instant::now())
    }

    /// Takes what a lifecycle call says of one tenant: it counts at once.
    pub(crate) fn tell(&self, tenant: PluginTenant) {
        self.write().tell(tenant, Instant::now());
    }

    /// Takes what the author said of the configuration that a lifecycle call is about.
    pub(crate) fn configure(&self, tenant: PluginTenant, reload: Reload) {
        self.write().configure(tenant, reload, Instant::now());
    }

    /// The tenant is gone.
    pub(crate) fn forget(&self, slug: &Slug) {
        self.write().forget(slug);
    }

    /// Follows the platform's list until told to stop. What is known stays through outages. Another
    /// configuration counts when `take`, which is told what counts and what is to, has said so.
    pub(crate) async fn watch<F, Fut>(&self, stop: CancellationToken, take: F)
    where
        F: Fn(Value, PluginTenant) -> Fut + Send + Sync,
        Fut: Future<Output = Result<Reload>> + Send,
    {
        let mut delay = FIRST_DELAY;
        loop {
            let after = {
                let roster = self.read();
                roster.revision().filter(|_| !roster.is_in_doubt(Instant::now())).map(str::to_owned)
            };
            let started = Instant::now();
            let fetched = tokio::select! {
                // Who ends complains of nothing: its credential may have ended a moment before.
                biased;
                () = stop.cancelled() => return,
                fetched = self.fetch(after.as_deref()) => fetched,
            };
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = self.reload(&take) => {}
            }
            delay = match fetched {
                // An answer without news is held back by the platform. One that is not (it is
                // shutting down, say) must not make this loop spin.
                Ok(Fetched::Nothing) if started.elapsed() < FIRST_DELAY => pause(delay, &stop).await,
                Ok(Fetched::News | Fetched::Nothing) => FIRST_DELAY,
                Err(error) => {
                    tracing::warn!(%error, "the list of tenants could not be refreshed; what is known stays");
                    pause(delay, &stop).await
                }
            };
        }
    }

    /// Asks about configurations that came with the list, as they do in all processes but the one that
    /// the operator asked.
    async fn reload<F, Fut>(&self, take: &F)
    where
        F: Fn(Value, PluginTenant) -> Fut + Send + Sync,
        Fut: Future<Output = Result<Reload>> + Send,
    {
        let unasked = self.read().unasked();
        let asked = unasked.into_iter().map(|(known, new)| {
            let (slug, config) = (new.tenant.clone(), new.config.clone());
            // A panic of the author's must not end what keeps this process up to date.
            let taken = AssertUnwindSafe(async move { take(known.config.clone(), new).await }).catch_unwind();
            let said = tokio::time::timeout(RELOAD, taken);
            async move {
                let said = match said.await {
                    Ok(Ok(said)) => said,
                    Ok(Err(_panicked)) => Err(Error::unavailable("It panicked.")),
                    Err(_late) => Err(Error::unavailable("It took too long.")),
                };
                if let Err(error) = &said {
                    tracing::error!(%slug, %error, "a configuration in force could not be taken; it is tried again");
                }
                self.write().settle(&slug, &config, &said);
            }
        });
        join_all(asked).await;
    }

    async fn fetch(&self, after: Option<&str>) -> Result<Fetched, PlatformError> {
        let Some(list) = self.platform.tenants(after).await? else { return Ok(Fetched::Nothing) };
        let news = after != Some(list.revision.as_str());
        self.write().list(list, Instant::now());
        Ok(if news { Fetched::News } else { Fetched::Nothing })
    }

    // Nothing inside can be left half-changed by a panic, so a poisoned lock is as good as any.
    fn read(&self) -> RwLockReadGuard<'_, Roster> {
        self.roster.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Roster> {
        self.roster.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the platform answered.
enum Fetched {
    News,
    Nothing,
}

/// Waits, and says how long to wait the next time. Many plugins lose the platform at one moment
/// and should not return as one: hence the jitter.
async fn pause(delay: Duration, stop: &CancellationToken) -> Duration {
    let jitter = rand::random_range(0.5..1.0);
    tokio::select! {
        () = stop.cancelled() => {}
        () = tokio::time::sleep(delay.mul_f64(jitter)) => {}
    }
    (delay * 2).min(LONGEST_DELAY)
}
