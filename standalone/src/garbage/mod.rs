//! What goes away by itself: dependents of deleted owners, contents of terminating namespaces, old
//! Events, old changes.
//!
//! Every server process does this. Two at once do no harm: each step is conditional on what it has
//! seen, and "already gone" is success.

mod collect;
mod decide;
mod housekeeping;
mod namespaces;

use std::sync::Arc;
use std::time::Duration;

use crate::api_error::ApiResult;
use crate::object;
use crate::state::State;
use crate::storage::{Change, Dependent};

pub use housekeeping::housekeeping;

/// How long to wait after a failure before everything is looked at again.
const PAUSE: Duration = Duration::from_secs(1);
/// How often everything is looked at in any case.
const SWEEP: Duration = Duration::from_mins(5);

/// Collects until the server stops.
pub async fn run(state: Arc<State>) {
    let mut head = state.store.feed().head();
    while !state.stop.is_cancelled() {
        let mut position = *head.borrow_and_update();
        let mut failed = sweep(&state).await.is_err();
        let next_sweep = tokio::time::Instant::now() + SWEEP;
        while !failed {
            tokio::select! {
                () = state.stop.cancelled() => return,
                () = tokio::time::sleep_until(next_sweep) => break,
                changed = head.changed() => if changed.is_err() { return },
            }
            let Ok(changes) = state.store.feed().after(position) else { break };
            for change in changes {
                failed |= react(&state, &change).await.is_err();
                position = change.revision;
            }
        }
        if failed {
            tracing::warn!("garbage collection met an error; everything will be looked at again");
            tokio::select! {
                () = state.stop.cancelled() => return,
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }
}

/// Looks at everything there might be something to do about.
async fn sweep(state: &State) -> ApiResult<()> {
    for found in state.store.owned_or_deleting().await? {
        visit(state, &found).await?;
    }
    Ok(())
}

/// Looks at what one change may have set free.
async fn react(state: &State, change: &Change) -> ApiResult<()> {
    let place = Dependent { resource: change.resource.clone(), key: change.key.clone() };
    if let Some(now) = &change.object {
        if !object::owner_uids(now).is_empty() || object::deleting(now) {
            visit(state, &place).await?;
        }
        return Ok(());
    }
    let Some(last) = &change.previous else {
        return Ok(());
    };
    for dependent in state.store.dependents(object::text(last, "uid")).await? {
        visit(state, &dependent).await?;
    }
    // An owner may have been waiting for this one to go.
    for owner in object::owner_uids(last) {
        if let Some(owner) = state.store.with_uid(&owner).await? {
            visit(state, &owner).await?;
        }
    }
    if !change.namespace.is_empty() {
        namespaces::finish(state, &change.namespace).await?;
    }
    Ok(())
}

async fn visit(state: &State, place: &Dependent) -> ApiResult<()> {
    if place.resource == "/namespaces" {
        namespaces::finish(state, &place.key).await?;
    }
    collect::visit(state, place).await
}
