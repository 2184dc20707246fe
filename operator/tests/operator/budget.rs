//! A number of writes. The one after the last never gets anywhere: for whoever sends it, that is the
//! moment before it is killed.

use std::{
    future::{Future, pending},
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use kube::client::Body;
use tokio::sync::watch;
use tower::{Service, ServiceExt};

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

/// Notes what is written to Kubernetes, as far as the budget goes.
pub struct Metered<S> {
    pub inner: Arc<tokio::sync::Mutex<S>>,
    pub writes: Arc<Mutex<Vec<String>>>,
    /// What was read once; watches are none of it.
    pub reads: Arc<Mutex<Vec<String>>>,
    pub budget: Budget,
}

impl<S> Service<http::Request<Body>> for Metered<S>
where
    S: Service<http::Request<Body>> + Send + 'static,
    S::Future: Send,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let (inner, writes, budget) = (self.inner.clone(), self.writes.clone(), self.budget.clone());
        if request.method() == http::Method::GET && !request.uri().query().is_some_and(|it| it.contains("watch=true")) {
            self.reads.lock().unwrap().push(request.uri().to_string());
        }
        Box::pin(async move {
            let asks_only = request.uri().query().is_some_and(|query| query.contains("dryRun=All"));
            if request.method() != http::Method::GET && !asks_only {
                if !budget.spend().await {
                    pending::<()>().await;
                }
                writes.lock().unwrap().push(format!("{} {}", request.method(), request.uri().path()));
            }
            let answer = inner.lock().await.ready().await?.call(request);
            answer.await
        })
    }
}
