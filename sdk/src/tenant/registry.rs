//! The tenants the plugin serves, kept up to date.

use std::{
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::{Duration, Instant},
};

use plexica_contract::{name::Slug, tenancy::PluginTenant};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use super::roster::Roster;
use crate::{
    Error, Result,
    platform::{Platform, PlatformError},
};

/// However many requests for unknown tenants arrive, the platform is asked once in this time.
const AT_MOST_EVERY: Duration = Duration::from_secs(1);
const FIRST_DELAY: Duration = Duration::from_millis(200);
const LONGEST_DELAY: Duration = Duration::from_secs(15);

pub(crate) struct Registry {
    platform: Arc<Platform>,
    roster: RwLock<Roster>,
    /// When the platform was asked because of an unknown tenant, and whether it answered.
    asked: Mutex<Option<(Instant, bool)>>,
}

impl Registry {
    pub(crate) fn new(platform: Arc<Platform>) -> Self {
        Self { platform, roster: RwLock::default(), asked: Mutex::new(None) }
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
        self.read().get(slug)
    }

    /// Takes what a lifecycle call says of one tenant: it counts at once.
    pub(crate) fn tell(&self, tenant: PluginTenant) {
        self.write().tell(tenant, Instant::now());
    }

    /// The tenant is gone.
    pub(crate) fn forget(&self, slug: &Slug) {
        self.write().forget(slug);
    }

    /// Follows the platform's list until told to stop. What is known stays through outages.
    pub(crate) async fn watch(&self, stop: CancellationToken) {
        let mut delay = FIRST_DELAY;
        loop {
            let after = self.read().revision().map(str::to_owned);
            let started = Instant::now();
            let fetched = tokio::select! {
                () = stop.cancelled() => return,
                fetched = self.fetch(after.as_deref()) => fetched,
            };
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
