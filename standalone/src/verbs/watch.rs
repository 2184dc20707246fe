//! GET of a collection with `watch`: what changes, as it changes.

use std::sync::Arc;
use std::time::Duration;

use futures::Stream;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until};
use tokio_stream::wrappers::ReceiverStream;

use super::options::ListOptions;
use super::selection::Selection;
use super::{Call, list, output};
use crate::api_error::{ApiError, ApiResult};
use crate::object;
use crate::state::State;
use crate::storage::{Change, Query};

/// Events that may wait for a slow client; then the watch waits with it.
const BUFFER: usize = 64;
/// How often a bookmark tells the client how far it is.
const BOOKMARKS: Duration = Duration::from_secs(30);
/// How long a watch lasts unless the client says.
const DEFAULT_TIMEOUT: Duration = Duration::from_mins(45);

/// Answers the stream of events.
pub async fn watch(state: Arc<State>, call: Call) -> ApiResult<impl Stream<Item = Value> + Send + 'static> {
    let options = ListOptions::read(&call.params, true)?;
    let selection = Selection::of(&call)?;
    let timeout = call
        .params
        .number("timeoutSeconds")?
        .and_then(|seconds| u64::try_from(seconds).ok())
        .filter(|seconds| *seconds > 0)
        .map_or(DEFAULT_TIMEOUT, Duration::from_secs);
    let version = options.version.unwrap_or_default();
    let initial = options.send_initial_events.unwrap_or(version == 0);
    if initial {
        list::reach(&state, version).await?;
    }
    let position = if version == 0 { state.store.current().await? } else { version };
    let (sender, receiver) = mpsc::channel(BUFFER);
    let watcher = Watcher {
        bookmarks: call.params.flag("allowWatchBookmarks") == Some(true),
        state,
        call,
        selection,
        position,
        sender,
        first: true,
    };
    tokio::spawn(watcher.run(initial, Instant::now() + timeout));
    Ok(ReceiverStream::new(receiver))
}

/// The client is gone, or the watch is over.
struct Ended;

struct Watcher {
    state: Arc<State>,
    call: Call,
    selection: Selection,
    bookmarks: bool,
    /// Everything up to here has been sent.
    position: u64,
    sender: mpsc::Sender<Value>,
    /// Whether nothing has been sent yet.
    first: bool,
}

impl Watcher {
    async fn run(mut self, initial: bool, deadline: Instant) {
        let stop = self.state.stop.clone();
        let mut head = self.state.store.feed().head();
        let mut ticks = interval_at(Instant::now() + BOOKMARKS, BOOKMARKS);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        if initial && self.initial().await.is_err() {
            return;
        }
        loop {
            if self.catch_up().await.is_err() {
                return;
            }
            let sender = self.sender.clone();
            tokio::select! {
                () = stop.cancelled() => return,
                () = sender.closed() => return,
                () = sleep_until(deadline) => return,
                _ = ticks.tick() => if self.bookmark(false).await.is_err() { return },
                changed = head.changed() => if changed.is_err() { return },
            }
        }
    }

    /// What is there, each as if just added, and the bookmark that says that this was all.
    async fn initial(&mut self) -> Result<(), Ended> {
        let query = Query {
            resource: self.call.served.storage.clone(),
            namespace: self.call.namespace.clone(),
            name: self.selection.name().to_owned(),
            ..Query::default()
        };
        let page = match self.state.store.list(&query).await {
            Ok(page) => page,
            Err(error) => return self.fail(error.into()).await,
        };
        for stored in &page.items {
            let object = self.call.served.view(&stored.object);
            if self.selection.matches(&object) {
                self.send("ADDED", object).await?;
            }
        }
        self.position = page.revision;
        self.bookmark(true).await
    }

    /// Sends everything after the position.
    async fn catch_up(&mut self) -> Result<(), Ended> {
        let feed = self.state.store.feed().clone();
        loop {
            if let Ok(changes) = feed.after(self.position) {
                for change in changes {
                    self.change(&change).await?;
                }
                return Ok(());
            }
            let resource = self.call.served.storage.clone();
            match self.state.store.history(&resource, self.position).await {
                Ok(Some((changes, reached))) => {
                    for change in &changes {
                        self.change(change).await?;
                    }
                    self.position = self.position.max(reached);
                }
                Ok(None) => {
                    let oldest = self.state.store.compacted().await.unwrap_or_default();
                    let message = format!("too old resource version: {} ({oldest})", self.position);
                    return self.fail(ApiError::expired(message)).await;
                }
                Err(error) => return self.fail(error.into()).await,
            }
        }
    }

    /// Sends one change, if it is about what is watched.
    async fn change(&mut self, change: &Change) -> Result<(), Ended> {
        if change.resource == self.call.served.storage
            && (self.call.namespace.is_empty() || self.call.namespace == change.namespace)
            && let Some((kind, object)) = self.event(change)
        {
            self.send(kind, object).await?;
        }
        self.position = change.revision;
        Ok(())
    }

    /// What a change is to somebody who sees the selected objects only.
    fn event(&self, change: &Change) -> Option<(&'static str, Value)> {
        let selected = |object: &Option<Arc<Value>>| {
            let object = self.call.served.view(object.as_ref()?);
            self.selection.matches(&object).then_some(object)
        };
        match (selected(&change.previous), selected(&change.object)) {
            (None, None) => None,
            (None, Some(now)) => Some(("ADDED", now)),
            (Some(_), Some(now)) => Some(("MODIFIED", now)),
            (Some(mut before), None) => {
                let revision = change.revision.to_string();
                object::set_text(&mut before, "resourceVersion", revision);
                Some(("DELETED", before))
            }
        }
    }

    async fn bookmark(&mut self, initial_end: bool) -> Result<(), Ended> {
        if !self.bookmarks {
            return Ok(());
        }
        let kind = &self.call.served.kind;
        let mut object = json!({
            "kind": kind.kind,
            "apiVersion": kind.api_version(),
            "metadata": {"resourceVersion": self.position.to_string()},
        });
        if initial_end {
            object::metadata(&mut object).insert("annotations".into(), json!({"k8s.io/initial-events-end": "true"}));
        }
        self.send("BOOKMARK", object).await
    }

    /// Ends the watch with an error.
    async fn fail(&mut self, error: ApiError) -> Result<(), Ended> {
        let event = json!({"type": "ERROR", "object": error.to_value()});
        let _ = self.sender.send(event).await;
        Err(Ended)
    }

    async fn send(&mut self, kind: &str, object: Value) -> Result<(), Ended> {
        let object = output::event(&self.call, object, self.first);
        self.first = false;
        let event = json!({"type": kind, "object": object});
        tokio::select! {
            () = self.state.stop.cancelled() => Err(Ended),
            sent = self.sender.send(event) => sent.map_err(|_| Ended),
        }
    }
}
