//! The platform's public keys, and tokens verified against them.

use std::{
    sync::{Arc, atomic::AtomicU64, atomic::Ordering},
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use plexica_contract::token::{Audience, Claims, PublicKeys, Verifier, VerifyError};
use tokio::sync::Mutex;

use crate::platform::Platform;

/// However many tokens with unknown keys arrive, the platform is asked once in this time.
const AT_MOST_EVERY: Duration = Duration::from_secs(10);

pub(crate) struct Keys {
    installation: String,
    audience: Audience,
    platform: Arc<Platform>,
    verifier: ArcSwap<Verifier>,
    /// Counts the sets of keys seen: who waited for another's refresh needs none of their own.
    generation: AtomicU64,
    asked: Mutex<Option<Instant>>,
}

impl Keys {
    pub(crate) fn new(installation: String, audience: Audience, keys: &PublicKeys, platform: Arc<Platform>) -> Self {
        let verifier = ArcSwap::from_pointee(Verifier::new(&installation, &audience, keys));
        Self { installation, audience, platform, verifier, generation: AtomicU64::new(0), asked: Mutex::new(None) }
    }

    /// The claims of a token that holds. A key id never seen makes it ask for the keys once.
    pub(crate) async fn verify(&self, token: &str) -> Result<Claims, VerifyError> {
        let generation = self.generation.load(Ordering::Acquire);
        match self.verifier.load().verify(token) {
            Err(VerifyError::UnknownKey) => {}
            decided => return decided,
        }
        self.refresh_unless_newer(generation).await;
        self.verifier.load().verify(token)
    }

    async fn refresh_unless_newer(&self, generation: u64) {
        let mut asked = self.asked.lock().await;
        let newer = self.generation.load(Ordering::Acquire) != generation;
        let lately = asked.is_some_and(|then| then.elapsed() < AT_MOST_EVERY);
        if newer || lately {
            return;
        }
        *asked = Some(Instant::now());
        self.fetch().await;
    }

    /// Asks for the keys in force, so that a withdrawn one is dropped without a reason to ask.
    pub(crate) async fn refresh(&self) {
        *self.asked.lock().await = Some(Instant::now());
        self.fetch().await;
    }

    async fn fetch(&self) {
        match self.platform.keys().await {
            // No keys at all is a mistake somewhere, and would lock everybody out.
            Ok(keys) if keys.0.keys.is_empty() => tracing::warn!("the platform published no keys; the old ones stay"),
            Ok(keys) => {
                self.verifier.store(Arc::new(Verifier::new(&self.installation, &self.audience, &keys)));
                self.generation.fetch_add(1, Ordering::AcqRel);
            }
            Err(error) => tracing::warn!(%error, "the platform's keys could not be refreshed; the old ones stay"),
        }
    }
}
