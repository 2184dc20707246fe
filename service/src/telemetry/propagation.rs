//! Which trace a request belongs to ([W3C Trace Context](https://www.w3.org/TR/trace-context/)).

use http::{HeaderMap, StatusCode, header::HeaderName};
use opentelemetry::{
    Context,
    propagation::TextMapPropagator,
    trace::{Status, TraceContextExt},
};
use opentelemetry_http::{HeaderExtractor, HeaderInjector};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

const HEADERS: [HeaderName; 2] = [HeaderName::from_static("traceparent"), HeaderName::from_static("tracestate")];

/// Makes this the span of the caller's trace, if the request names one. To be called before the
/// span is entered.
pub fn continue_trace(span: &Span, headers: &HeaderMap) {
    let caller = TraceContextPropagator::new().extract_with_context(&Context::new(), &HeaderExtractor(headers));
    if caller.span().span_context().is_valid() {
        // It fails where nobody exports traces, and then it is no matter.
        let _not_exported = span.set_parent(caller);
    }
}

/// Names the present trace to whom the request is sent. Where nobody exports traces, what the
/// caller named goes on.
pub fn inject(headers: &mut HeaderMap) {
    let here = Span::current().context();
    if here.span().span_context().is_valid() {
        for name in HEADERS {
            headers.remove(name);
        }
        TraceContextPropagator::new().inject_context(&here, &mut HeaderInjector(headers));
    }
}

/// Notes how the request was answered.
pub fn answered(span: &Span, status: StatusCode) {
    span.set_attribute("http.response.status_code", i64::from(status.as_u16()));
    if status.is_server_error() {
        span.set_status(Status::error(status.canonical_reason().unwrap_or_default()));
    }
}
