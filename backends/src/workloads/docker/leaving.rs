//! Containers that nothing leads to any more.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bollard::Docker;

use super::{container, found::Container};
use crate::workloads::Place;

/// How long one goes on that nothing leads to any more: gateways hear of it by a watch.
const LINGER: Duration = Duration::from_secs(2);

/// Which are to go, and which state each place was last asked to have.
#[derive(Clone, Debug, Default)]
pub(super) struct Leaving(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    wanted: HashMap<Place, String>,
    leaving: HashSet<String>,
}

impl Leaving {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the place is to have from now on.
    pub fn want(&self, place: &Place, digest: &str) {
        self.lock().wanted.insert(place.clone(), digest.to_owned());
    }

    /// It is to have nothing.
    pub fn forget(&self, place: &Place) {
        self.lock().wanted.remove(place);
    }

    /// Ends one in a moment, unless the place is to have it again by then.
    pub fn remove_later(&self, docker: Docker, place: Place, container: Container) {
        if !self.lock().leaving.insert(container.id.clone()) {
            return;
        }
        let leaving = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(LINGER).await;
            if !leaving.is_wanted(&place, &container) {
                match container::remove(&docker, &container).await {
                    Ok(()) => tracing::info!(container = container.name, "removed: another serves in its place"),
                    // It is found again at the next look.
                    Err(error) => tracing::warn!("{error}"),
                }
            }
            leaving.lock().leaving.remove(&container.id);
        });
    }

    fn is_wanted(&self, place: &Place, container: &Container) -> bool {
        self.lock().wanted.get(place).is_some_and(|digest| container.is_of(digest))
    }
}

#[cfg(test)]
mod tests {
    use super::{super::desired::DIGEST, *};

    #[test]
    fn one_that_is_wanted_again_stays() {
        let leaving = Leaving::default();
        let place = Place { namespace: "n".into(), name: "crm".into() };
        let labels = [(DIGEST.to_owned(), "one".to_owned())].into();
        let container = Container { labels, ..Container::default() };
        assert!(!leaving.is_wanted(&place, &container));
        leaving.want(&place, "two");
        assert!(!leaving.is_wanted(&place, &container));
        leaving.want(&place, "one");
        assert!(leaving.is_wanted(&place, &container));
        leaving.forget(&place);
        assert!(!leaving.is_wanted(&place, &container));
    }
}
