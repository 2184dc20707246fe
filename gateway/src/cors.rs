//! Which pages may call from a browser ([Fetch, CORS protocol]).
//!
//! A preflight carries no token, so all that can be asked is whether the origin is a domain of
//! some tenant; the request itself is then measured by its own tenant's domains. An answer names
//! the one origin that asked, never a wildcard, and never allows credentials: tokens are sent in
//! `Authorization`, and there are no cookies.
//!
//! [Fetch, CORS protocol]: https://fetch.spec.whatwg.org/#http-cors-protocol

use http::{HeaderMap, HeaderValue, Method, header};

/// Methods that pages may use.
const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";
/// Headers that pages may send.
const HEADERS: &str = "authorization, content-type, if-match, if-none-match, idempotency-key, accept-language, x-correlation-id, \
     traceparent, tracestate";
/// Headers of an answer that pages may read.
const EXPOSED: &str = "etag, location, link, retry-after, x-correlation-id";
/// How long a browser may remember a preflight, in seconds.
const MAX_AGE: &str = "600";

/// The origin that asks, if the request is a preflight.
pub fn preflight_origin<'a>(method: &Method, headers: &'a HeaderMap) -> Option<&'a HeaderValue> {
    let asks = *method == Method::OPTIONS && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    headers.get(header::ORIGIN).filter(|_| asks)
}

/// Lets pages of this origin read the answer.
pub fn allow(headers: &mut HeaderMap, origin: &HeaderValue) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
}

/// Lets pages of this origin send the request they asked for.
pub fn allow_preflight(headers: &mut HeaderMap, origin: &HeaderValue) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(HEADERS));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE));
}

/// Tells caches that the answer depends on who asks from where.
pub fn vary(headers: &mut HeaderMap) {
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
}
