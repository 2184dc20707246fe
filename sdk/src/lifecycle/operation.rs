//! Calls that are being done. They go on when the caller has gone.

use std::{
    collections::HashMap,
    future::Future,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use plexica_contract::{name::Slug, token::BodyDigest};
use tokio::sync::{Semaphore, SemaphorePermit, watch};
use tracing::Instrument as _;
use uuid::Uuid;

use super::Reload;
use crate::{Error, Result};

/// `None` until it is done.
type Outcome = Option<Result<Reload>>;

/// The last call for each tenant, running or kept for who polls.
pub(crate) struct Operations {
    last: Mutex<HashMap<Slug, Operation>>,
    turns: Semaphore,
}

#[derive(Clone)]
struct Operation {
    id: Uuid,
    body: BodyDigest,
    outcome: watch::Receiver<Outcome>,
}

/// A call to wait for.
pub(super) struct Started {
    pub(super) id: Uuid,
    outcome: watch::Receiver<Outcome>,
}

impl Operations {
    /// Half of the database's connections are for tenants' data to be migrated or purged: an upgrade
    /// does it for all tenants at once, and their users' requests are not to wait for it.
    pub(crate) fn new(connections: u32) -> Self {
        let turns = usize::try_from(connections / 2).unwrap_or(1).max(1);
        Self { last: Mutex::default(), turns: Semaphore::new(turns) }
    }

    /// Waits for one of the connections. Not to be held while a plugin's own code runs: what hangs
    /// there would keep all tenants waiting.
    pub(super) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        // It is never closed.
        self.turns.acquire().await.ok()
    }

    /// Starts it, or joins the same call that runs already.
    pub(super) fn start<F>(&self, tenant: &Slug, body: BodyDigest, work: F) -> Result<Started>
    where
        F: Future<Output = Result<Reload>> + Send + 'static,
    {
        let mut operations = self.lock();
        if let Some(running) = operations.get(tenant).filter(|operation| operation.is_running()) {
            if running.body == body {
                return Ok(running.started());
            }
            return Err(Error::unavailable("Another lifecycle call for this tenant is running; try again."));
        }
        let (done, outcome) = watch::channel(None);
        tokio::spawn(
            async move {
                let result = work.await;
                done.send_replace(Some(result));
            }
            .in_current_span(),
        );
        let operation = Operation { id: Uuid::new_v4(), body, outcome };
        let started = operation.started();
        operations.insert(tenant.clone(), operation);
        Ok(started)
    }

    /// The call of this id.
    pub(super) fn find(&self, tenant: &Slug, id: Uuid) -> Option<Started> {
        self.lock().get(tenant).filter(|operation| operation.id == id).map(Operation::started)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Slug, Operation>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Operation {
    fn is_running(&self) -> bool {
        // A closed channel without a result: the work panicked.
        self.outcome.borrow().is_none() && self.outcome.has_changed().is_ok()
    }

    fn started(&self) -> Started {
        Started { id: self.id, outcome: self.outcome.clone() }
    }
}

impl Started {
    /// The result, if there is one within this time.
    pub(super) async fn wait(mut self, at_most: Duration) -> Option<Result<Reload>> {
        match tokio::time::timeout(at_most, self.outcome.wait_for(Option::is_some)).await {
            Err(_still_running) => None,
            Ok(Ok(outcome)) => outcome.clone(),
            Ok(Err(_panicked)) => Some(Err(Error::fault())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use tokio::sync::Notify;

    const LONG: Duration = Duration::from_secs(30);

    fn acme() -> Slug {
        "acme".parse().unwrap()
    }

    #[tokio::test]
    async fn the_same_call_is_joined_and_another_waits_its_turn() {
        let operations = Operations::new(8);
        let go = Arc::new(Notify::new());
        let (one, other) = (BodyDigest::of(b"1"), BodyDigest::of(b"2"));
        let work = {
            let go = go.clone();
            async move {
                go.notified().await;
                Ok(Reload::Live)
            }
        };
        let first = operations.start(&acme(), one.clone(), work).unwrap();
        let joined = operations.start(&acme(), one.clone(), async { Err(Error::conflict("ran twice")) }).unwrap();
        assert_eq!(first.id, joined.id);
        assert!(operations.start(&acme(), other.clone(), async { Ok(Reload::Live) }).is_err());
        assert!(operations.find(&acme(), first.id).unwrap().wait(Duration::ZERO).await.is_none());

        go.notify_one();
        assert!(first.wait(LONG).await.unwrap().is_ok());
        assert!(joined.wait(LONG).await.unwrap().is_ok());
        // Once it is done, the next one starts, and the same call runs again.
        let next = operations.start(&acme(), other, async { Ok(Reload::Live) }).unwrap();
        assert!(next.wait(LONG).await.unwrap().is_ok());
        assert!(operations.start(&acme(), one, async { Ok(Reload::Live) }).is_ok());
    }

    #[tokio::test]
    async fn half_of_the_connections_are_left_to_requests() {
        for (connections, turns) in [(0, 1), (1, 1), (2, 1), (5, 2), (8, 4)] {
            assert_eq!(Operations::new(connections).turns.available_permits(), turns, "{connections}");
        }
        let operations = Operations::new(2);
        let turn = operations.turn().await;
        assert!(tokio::time::timeout(Duration::from_millis(50), operations.turn()).await.is_err(), "not its turn");
        drop(turn);
        assert!(operations.turn().await.is_some());
    }

    #[tokio::test]
    async fn a_panic_is_a_failure_that_can_be_tried_again() {
        let operations = Operations::new(8);
        let body = BodyDigest::of(b"1");
        let started = operations.start(&acme(), body.clone(), async { panic!("a hook's bug") }).unwrap();
        assert!(started.wait(LONG).await.unwrap().is_err());
        let again = operations.start(&acme(), body, async { Ok(Reload::Live) }).unwrap();
        assert!(again.wait(LONG).await.unwrap().is_ok());
    }
}
