//! The recent changes in memory, for every watch of this process.
//!
//! Watches pull: each keeps its own position and asks for what came after it, so a slow one holds
//! nobody up and cannot miss anything; it only finds itself further back.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tokio::sync::{Notify, watch};

/// How many changes are kept in memory; older ones are read from Postgres.
const KEPT: usize = 4096;

/// One write.
#[derive(Clone, Debug)]
pub struct Change {
    /// Its revision.
    pub revision: u64,
    /// `group/plural`.
    pub resource: String,
    /// Empty when cluster-scoped.
    pub namespace: String,
    /// `namespace/name`, or the name alone.
    pub key: String,
    /// The new state, absent when deleted.
    pub object: Option<Arc<Value>>,
    /// The state before, absent when created.
    pub previous: Option<Arc<Value>>,
}

/// The position asked for is older than what memory holds.
#[derive(Debug, PartialEq, Eq)]
pub struct TooOld;

#[derive(Default)]
struct Ring {
    /// Everything up to here has left the ring (or was never in it).
    before: u64,
    changes: VecDeque<Arc<Change>>,
}

/// The recent changes.
pub struct Feed {
    ring: Mutex<Ring>,
    head: watch::Sender<u64>,
    wake: Notify,
}

impl Feed {
    pub(super) fn starting_at(revision: u64) -> Self {
        Self {
            ring: Mutex::new(Ring { before: revision, changes: VecDeque::new() }),
            head: watch::Sender::new(revision),
            wake: Notify::new(),
        }
    }

    /// The newest revision in the feed; changes as it grows.
    pub fn head(&self) -> watch::Receiver<u64> {
        self.head.subscribe()
    }

    /// What came after `position`, in order.
    pub fn after(&self, position: u64) -> Result<Vec<Arc<Change>>, TooOld> {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        if position < ring.before {
            return Err(TooOld);
        }
        let start = ring.changes.partition_point(|change| change.revision <= position);
        Ok(ring.changes.range(start..).cloned().collect())
    }

    /// Adds changes, in order, and tells the watches.
    pub(super) fn push(&self, changes: Vec<Change>) {
        let Some(newest) = changes.last().map(|change| change.revision) else {
            return;
        };
        {
            let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
            ring.changes.extend(changes.into_iter().map(Arc::new));
            while ring.changes.len() > KEPT {
                if let Some(oldest) = ring.changes.pop_front() {
                    ring.before = oldest.revision;
                }
            }
        }
        self.head.send_replace(newest);
    }

    /// Starts over at a revision: what lies between was compacted before this process saw it.
    pub(super) fn restart_at(&self, revision: u64) {
        {
            let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
            ring.before = revision;
            ring.changes.clear();
        }
        self.head.send_replace(revision);
    }

    /// This process has written: read on without waiting for the notification.
    pub(super) fn nudge(&self) {
        self.wake.notify_one();
    }

    pub(super) async fn nudged(&self) {
        self.wake.notified().await;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn change(revision: u64) -> Change {
        Change {
            revision,
            resource: "g/things".into(),
            namespace: String::new(),
            key: "a".into(),
            object: None,
            previous: None,
        }
    }

    #[test]
    fn hands_out_what_came_after_and_says_when_that_is_gone() {
        let feed = Feed::starting_at(10);
        assert_eq!(feed.after(9).unwrap_err(), TooOld);
        assert!(feed.after(10).unwrap().is_empty());
        feed.push((11..=11 + u64::try_from(KEPT).unwrap()).map(change).collect());
        assert_eq!(feed.after(10).unwrap_err(), TooOld);
        let rest = feed.after(11).unwrap();
        assert_eq!(rest.len(), KEPT);
        assert_eq!(rest.first().unwrap().revision, 12);
        assert_eq!(*feed.head().borrow(), 11 + u64::try_from(KEPT).unwrap());
    }
}
