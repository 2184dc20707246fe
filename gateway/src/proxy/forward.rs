//! To the upstream and back.

use std::sync::Arc;

use http::{Request, Response};
use hyper::body::{Body as _, Incoming};
use hyper_util::client::legacy::{Error, ResponseFuture};
use tokio::time::{Instant, sleep_until};

use super::{
    State,
    body::{Progress, RequestBody, ResponseBody},
};
use crate::answer::{Body, Refusal, refusal};

/// Sends a request whose head is complete, and gives the answer as it begins. When the client goes
/// away this future is dropped, and with it the request to the upstream.
pub async fn forward(
    state: &State,
    request: Request<RequestBody>,
    progress: &Arc<Progress>,
) -> Result<Response<Body>, Refusal> {
    let again = repeatable(&request).then(|| repeated(&request, progress));
    let mut answer = answered(state, state.client.request(request), progress).await?;
    // What serves no more closes its connections, and may have done so just when the request was on its way in
    // one that had been kept: that is no answer to it (RFC 9110, 9.2.2).
    if let Some(again) = again.filter(|_| answer.as_ref().is_err_and(|error| !error.is_connect())) {
        tracing::info!("the upstream closed its connection; the request is sent again");
        answer = answered(state, state.fresh.request(again), progress).await?;
    }
    match answer {
        // Nothing was asked to be switched to, so nothing can be.
        Ok(answer) if answer.status().is_informational() => {
            state.metrics.upstream_failed("broken");
            Err(refusal::BROKEN)
        }
        Ok(answer) => Ok(answer.map(|body: Incoming| ResponseBody::boxed(body, state.limits.upstream_idle_timeout))),
        Err(_) if progress.too_large() => Err(refusal::TOO_LARGE),
        Err(_) if progress.too_slow() => Err(refusal::SLOW),
        Err(error) => Err(failed(state, &error)),
    }
}

/// Whether it does the same when it comes twice, and nothing of it has to be kept for that.
fn repeatable(request: &Request<RequestBody>) -> bool {
    request.method().is_idempotent() && request.body().is_end_stream()
}

fn repeated(request: &Request<RequestBody>, progress: &Arc<Progress>) -> Request<RequestBody> {
    let mut again = Request::new(RequestBody::none(progress.clone()));
    again.method_mut().clone_from(request.method());
    again.uri_mut().clone_from(request.uri());
    again.headers_mut().clone_from(request.headers());
    again
}

/// What comes back, unless it takes too long.
async fn answered(
    state: &State,
    mut sending: ResponseFuture,
    progress: &Arc<Progress>,
) -> Result<Result<Response<Incoming>, Error>, Refusal> {
    let (limits, began) = (&state.limits, Instant::now());
    // The clock runs from when the upstream last got something, so that a long upload is no fault.
    loop {
        let deadline = progress.last().max(began) + limits.upstream_timeout;
        tokio::select! {
            answer = &mut sending => return Ok(answer),
            () = sleep_until(deadline) => {
                if progress.last().max(began) + limits.upstream_timeout <= Instant::now() {
                    state.metrics.upstream_failed("timeout");
                    return Err(refusal::TIMEOUT);
                }
            }
        }
    }
}

fn failed(state: &State, error: &Error) -> Refusal {
    tracing::warn!(error = error as &dyn std::error::Error, "the upstream failed");
    if error.is_connect() {
        state.metrics.upstream_failed("connect");
        refusal::UNREACHABLE
    } else {
        state.metrics.upstream_failed("broken");
        refusal::BROKEN
    }
}
