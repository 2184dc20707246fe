//! One id per request: in its logs, in its answer, in its error body.

use axum::{extract::Request, middleware::Next, response::Response};
use http::{HeaderMap, HeaderValue};
use plexica_contract::{header::CORRELATION_ID, path::HEALTH};
use tracing::Instrument as _;
use uuid::Uuid;

/// Names the trace of a request.
const TRACE_PARENT: &str = "traceparent";

tokio::task_local! {
    static CURRENT: Uuid;
}

/// The id of the request that is being answered.
pub(crate) fn current() -> Option<String> {
    CURRENT.try_with(Uuid::to_string).ok()
}

/// The id of the trace this request belongs to ([W3C Trace Context](https://www.w3.org/TR/trace-context/)),
/// so that a trace leads to the plugin's logs.
fn trace_id(headers: &HeaderMap) -> Option<&str> {
    let mut parts = headers.get(TRACE_PARENT)?.to_str().ok()?.split('-');
    let (_version, id) = (parts.next()?, parts.next()?);
    let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    (id.len() == 32 && id.bytes().all(hex) && id.bytes().any(|byte| byte != b'0')).then_some(id)
}

/// Takes the gateway's id, or makes one, and has everything inside log under it.
pub(crate) async fn layer(request: Request, next: Next) -> Response {
    let id = request
        .headers()
        .get(CORRELATION_ID)
        .and_then(|value| value.to_str().ok()?.parse::<Uuid>().ok())
        .unwrap_or_else(Uuid::new_v4);
    let span = tracing::info_span!(
        "request",
        correlation_id = %id,
        trace_id = trace_id(request.headers()),
        method = %request.method(),
        path = request.uri().path(),
        tenant = tracing::field::Empty,
        user = tracing::field::Empty,
    );
    let is_probe = request.uri().path() == HEALTH;
    let started = std::time::Instant::now();
    let answer = async {
        let response = next.run(request).await;
        let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let status = response.status().as_u16();
        // Probes come every few seconds for as long as the process lives.
        if is_probe && status == 200 {
            tracing::debug!(status, ms, "answered");
        } else {
            tracing::info!(status, ms, "answered");
        }
        response
    };
    let mut response = CURRENT.scope(id, answer.instrument(span)).await;
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert(CORRELATION_ID, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trace_of_a_request() {
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        let of = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(TRACE_PARENT, value.parse().unwrap());
            trace_id(&headers).map(str::to_owned)
        };
        assert_eq!(of(&format!("00-{id}-00f067aa0ba902b7-01")).as_deref(), Some(id));
        for other in
            ["", "00", id, "00-x-00f067aa0ba902b7-01", "00-00000000000000000000000000000000-00f067aa0ba902b7-01"]
        {
            assert_eq!(of(other), None, "{other}");
        }
        assert_eq!(trace_id(&HeaderMap::new()), None);
    }
}
