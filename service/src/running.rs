//! Starting in the background and stopping together.

use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock},
};

use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};

/// A part of the service ended although nobody asked it to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{task} ended by itself; the log says why")]
pub struct Ended {
    /// Which one.
    pub task: &'static str,
}

/// The background tasks of one service. All of them end when the token given to [`Tasks::new`] is
/// cancelled, and when one of them ends early (by a fault or a panic) the others are stopped too:
/// a service is never half there.
#[derive(Debug)]
pub struct Tasks {
    tracker: TaskTracker,
    shutdown: CancellationToken,
    /// Those that end after all others.
    last: TaskTracker,
    ended_all: CancellationToken,
    // Whoever drops the handle without waiting leaves none of them behind either.
    _ended_all_on_drop: DropGuard,
    ended: Arc<OnceLock<&'static str>>,
}

impl Tasks {
    /// None yet, for a service that stops with `shutdown`.
    pub fn new(shutdown: &CancellationToken) -> Self {
        let ended_all = CancellationToken::new();
        Self {
            tracker: TaskTracker::new(),
            shutdown: shutdown.child_token(),
            last: TaskTracker::new(),
            _ended_all_on_drop: ended_all.clone().drop_guard(),
            ended_all,
            ended: Arc::default(),
        }
    }

    /// Cancelled when the service is to stop. Each task must end soon after.
    pub fn shutdown(&self) -> CancellationToken {
        self.shutdown.clone()
    }

    /// Runs a task until the service stops.
    pub fn spawn(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let guard = self.guard(name, &self.shutdown);
        self.tracker.spawn(async move {
            let _guard = guard;
            task.await;
        });
    }

    /// Runs a task that tells of the others, and so ends after them: it gets the token that is
    /// cancelled then.
    pub(crate) fn spawn_last<F>(&self, name: &'static str, task: impl FnOnce(CancellationToken) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let guard = self.guard(name, &self.ended_all);
        let task = task(self.ended_all.clone());
        self.last.spawn(async move {
            let _guard = guard;
            task.await;
        });
    }

    fn guard(&self, name: &'static str, asked: &CancellationToken) -> Guard {
        Guard { name, asked: asked.clone(), shutdown: self.shutdown.clone(), ended: self.ended.clone() }
    }

    /// The handle of the service, once everything is started and bound.
    pub fn running(self, addr: SocketAddr, metrics_addr: SocketAddr) -> Running {
        self.tracker.close();
        self.last.close();
        Running { addr, metrics_addr, tasks: self }
    }
}

/// Stops the service when a task ends before it was asked to; a drop also sees panics.
struct Guard {
    name: &'static str,
    /// Asks it to end.
    asked: CancellationToken,
    shutdown: CancellationToken,
    ended: Arc<OnceLock<&'static str>>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if !self.asked.is_cancelled() && !self.shutdown.is_cancelled() {
            tracing::error!(task = self.name, "a task ended by itself: the service stops");
            let _already_told = self.ended.set(self.name);
            self.shutdown.cancel();
        }
    }
}

/// A started service: its sockets are bound.
#[derive(Debug)]
pub struct Running {
    /// Where it serves. The same as `metrics_addr` for a service without an API of its own.
    pub addr: SocketAddr,
    /// Where `/healthz`, `/readyz` and `/metrics` are.
    pub metrics_addr: SocketAddr,
    tasks: Tasks,
}

impl Running {
    /// Returns when everything the service started has ended.
    ///
    /// # Errors
    /// [`Ended`] when it was a task of its own that ended, not the token that was cancelled.
    pub async fn stopped(self) -> Result<(), Ended> {
        self.tasks.tracker.wait().await;
        self.tasks.ended_all.cancel();
        self.tasks.last.wait().await;
        self.tasks.ended.get().map_or(Ok(()), |task| Err(Ended { task }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nowhere() -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], 1))
    }

    #[tokio::test]
    async fn cancelling_stops_all() {
        let shutdown = CancellationToken::new();
        let tasks = Tasks::new(&shutdown);
        for name in ["one", "two"] {
            tasks.spawn(name, tasks.shutdown().cancelled_owned());
        }
        let running = tasks.running(nowhere(), nowhere());
        shutdown.cancel();
        assert_eq!(running.stopped().await, Ok(()));
    }

    #[tokio::test]
    async fn a_panic_stops_the_service_but_not_its_parent() {
        let shutdown = CancellationToken::new();
        let tasks = Tasks::new(&shutdown);
        tasks.spawn("steady", tasks.shutdown().cancelled_owned());
        tasks.spawn("broken", async { panic!("a fault") });
        let running = tasks.running(nowhere(), nowhere());
        assert_eq!(running.stopped().await, Err(Ended { task: "broken" }));
        assert!(!shutdown.is_cancelled());
    }

    #[tokio::test]
    async fn one_that_nobody_waits_for_does_not_end_by_itself() {
        let tasks = Tasks::new(&CancellationToken::new());
        tasks.spawn_last("last", CancellationToken::cancelled_owned);
        let (last, ended) = (tasks.last.clone(), tasks.ended.clone());
        drop(tasks.running(nowhere(), nowhere()));
        last.wait().await;
        assert_eq!(ended.get(), None);
    }
}
