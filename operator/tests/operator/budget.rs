//! A number of writes. The one after the last never gets anywhere: for whoever sends it, that is the
//! moment before it is killed.

use std::{
    future::pending,
    sync::{Arc, Mutex},
};

use kube::client::Body;
use tokio::sync::watch;

use crate::before::First;

#[derive(Clone, Copy, Debug, Default)]
struct State {
    left: Option<usize>,
    spent: bool,
    /// Counts the limits there were: whoever waits for the end of one does not wait for that of the next.
    limits: usize,
}

/// Shared by all ways to the backends of a world; without a limit at first.
#[derive(Clone, Debug, Default)]
pub struct Budget(Arc<watch::Sender<State>>);

impl Budget {
    /// From now on so many writes get through.
    pub fn limit(&self, writes: usize) {
        self.0.send_modify(|state| *state = State { left: Some(writes), spent: false, limits: state.limits + 1 });
    }

    /// From now on all do.
    pub fn lift(&self) {
        self.0.send_modify(|state| *state = State { left: None, spent: false, limits: state.limits });
    }

    /// Comes back when a write did not get through.
    pub async fn spent(&self) {
        // An error means that the world is gone, and the test with it.
        let _ = self.0.subscribe().wait_for(|state| state.spent).await;
    }

    /// Whether a write goes through; if not, that is told when the budget is lifted: who sent it has
    /// been killed by then.
    pub async fn spend(&self) -> bool {
        let (mut through, mut limit) = (true, 0);
        self.0.send_modify(|state| {
            limit = state.limits;
            match &mut state.left {
                None => {}
                Some(0) => (state.spent, through) = (true, false),
                Some(left) => *left -= 1,
            }
        });
        if !through {
            let _ = self.0.subscribe().wait_for(|state| state.left.is_none() || state.limits != limit).await;
        }
        through
    }
}

/// Requests.
pub type Noted = Arc<Mutex<Vec<String>>>;

/// Notes what is written to Kubernetes, as far as the budget goes, and what is read once; watches are none of it.
pub fn metered(request: &http::Request<Body>, writes: &Noted, reads: &Noted, budget: &Budget) -> First {
    let (get, query) = (request.method() == http::Method::GET, request.uri().query().unwrap_or_default());
    if get && !query.contains("watch=true") {
        reads.lock().unwrap().push(request.uri().to_string());
    }
    if get || query.contains("dryRun=All") {
        return Box::pin(std::future::ready(()));
    }
    let write = format!("{} {}", request.method(), request.uri().path());
    let (writes, budget) = (writes.clone(), budget.clone());
    Box::pin(async move {
        if !budget.spend().await {
            pending::<()>().await;
        }
        writes.lock().unwrap().push(write);
    })
}
