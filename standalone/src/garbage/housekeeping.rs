//! Forgetting: changes after some minutes, Events after an hour, as the real server does.

use std::sync::Arc;
use std::time::Duration;

use crate::api_error::ApiResult;
use crate::prepare::DeleteOptions;
use crate::state::State;
use crate::verbs::remove;

const EVERY: Duration = Duration::from_mins(1);
/// A watch may resume from anywhere within this time.
const CHANGES: Duration = Duration::from_mins(10);
const EVENTS: Duration = Duration::from_hours(1);

/// Forgets until the server stops.
pub async fn housekeeping(state: Arc<State>) {
    loop {
        tokio::select! {
            () = state.stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
        if let Err(error) = state.store.compact(CHANGES).await {
            tracing::warn!(%error, "cannot forget old changes");
        }
        if old_events(&state).await.is_err() {
            tracing::warn!("cannot forget old events");
        }
    }
}

async fn old_events(state: &State) -> ApiResult<()> {
    let Some(served) = state.catalogue.stored_in("/events") else {
        return Ok(());
    };
    for event in state.store.idle("/events", EVENTS).await? {
        let (namespace, name) = event.key.split_once('/').unwrap_or_default();
        match remove(state, served, namespace, name, &DeleteOptions::default()).await {
            Err(error) if error.code() != 404 => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
