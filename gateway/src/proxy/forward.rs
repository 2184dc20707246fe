//! To the upstream and back.

use std::sync::Arc;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::client::legacy::Error;
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
    let limits = &state.limits;
    let mut sending = state.client.request(request);
    let began = Instant::now();
    // The clock runs from when the upstream last got something, so that a long upload is no fault.
    let answer = loop {
        let deadline = progress.last().max(began) + limits.upstream_timeout;
        tokio::select! {
            answer = &mut sending => break answer,
            () = sleep_until(deadline) => {
                if progress.last().max(began) + limits.upstream_timeout <= Instant::now() {
                    state.metrics.upstream_failed("timeout");
                    return Err(refusal::TIMEOUT);
                }
            }
        }
    };
    match answer {
        // Nothing was asked to be switched to, so nothing can be.
        Ok(answer) if answer.status().is_informational() => {
            state.metrics.upstream_failed("broken");
            Err(refusal::BROKEN)
        }
        Ok(answer) => Ok(answer.map(|body: Incoming| ResponseBody::boxed(body, limits.upstream_idle_timeout))),
        Err(_) if progress.too_large() => Err(refusal::TOO_LARGE),
        Err(_) if progress.too_slow() => Err(refusal::SLOW),
        Err(error) => Err(failed(state, &error)),
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
