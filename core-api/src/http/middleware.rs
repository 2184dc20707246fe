//! Around every request: its id, its time, its record, and errors as JSON.

use std::{
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures::FutureExt;
use http::{HeaderMap, HeaderValue, header};
use plexica_contract::{
    error::{Code, ErrorBody},
    header::CORRELATION_ID,
};
use plexica_service::telemetry;
use tracing::Instrument;
use uuid::Uuid;

use super::{ApiError, Metrics};

/// Longer than a held-back answer, shorter than the gateway waits.
const TIMEOUT: Duration = Duration::from_secs(45);

/// Around every request.
pub async fn around(State(metrics): State<Metrics>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = correlation_id(request.headers());
    let method = request.method().clone();
    let path = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let name = format!("{method} {path}");
    let span = tracing::info_span!("request", correlation_id = %id, otel.name = name, otel.kind = "server");
    telemetry::continue_trace(&span, request.headers());
    async {
        let answering = AssertUnwindSafe(tokio::time::timeout(TIMEOUT, next.run(request))).catch_unwind();
        let response = match answering.await {
            Ok(Ok(response)) => response,
            Ok(Err(_)) => ApiError::new(Code::Timeout, "This took too long; try again.").into_response(),
            // The panic hook has logged it.
            Err(_panic) => ApiError::internal().into_response(),
        };
        let response = finish(response, id);
        telemetry::answered(&tracing::Span::current(), response.status());
        let (status, after) = (response.status().as_u16(), began.elapsed());
        tracing::info!(%method, path, status, ?after, "answered");
        metrics.answered(method.as_str(), &path, status, after);
        response
    }
    .instrument(span)
    .await
}

fn finish(mut response: Response, id: Uuid) -> Response {
    if let Some(body) = response.extensions_mut().remove::<ErrorBody>() {
        let status = response.status();
        let challenge = response.headers().get(header::WWW_AUTHENTICATE).cloned();
        let body = body.with_correlation_id(id.to_string());
        response = (status, [(header::CACHE_CONTROL, "no-store")], axum::Json(body)).into_response();
        if status == http::StatusCode::UNAUTHORIZED {
            let challenge = challenge.unwrap_or(HeaderValue::from_static("Bearer"));
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
    }
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert(CORRELATION_ID, value);
    }
    response
}

/// The gateway's id of the request, or a new one for plugins' calls.
fn correlation_id(headers: &HeaderMap) -> Uuid {
    let given = headers.get(CORRELATION_ID).and_then(|value| value.to_str().ok());
    given.and_then(|text| text.parse().ok()).unwrap_or_else(Uuid::new_v4)
}
