//! Answers.

use std::convert::Infallible;

use bytes::Bytes;
use futures::Stream;
use futures::StreamExt;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WARNING};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::Frame;
use serde_json::Value;

use super::negotiate::Encoding;
use crate::api_error::ApiError;

/// The body of every answer.
pub type Body = UnsyncBoxBody<Bytes, Infallible>;

/// What a verb answers.
pub struct Reply {
    /// HTTP status code.
    pub code: StatusCode,
    /// The object, list or status.
    pub value: Value,
    /// Sentences for the person who made the request.
    pub warnings: Vec<String>,
}

impl Reply {
    /// 200 with this.
    pub fn ok(value: Value) -> Self {
        Self { code: StatusCode::OK, value, warnings: Vec::new() }
    }

    /// 201 with this.
    pub fn created(value: Value) -> Self {
        Self { code: StatusCode::CREATED, ..Self::ok(value) }
    }

    /// Adds warnings.
    #[must_use]
    pub fn warn(mut self, warnings: Vec<String>) -> Self {
        self.warnings.extend(warnings);
        self
    }

    /// As a response.
    pub fn into_response(self, encoding: Encoding) -> Response<Body> {
        let mut response = value(self.code, &self.value, encoding);
        for warning in &self.warnings {
            let quoted = warning.replace('\\', "\\\\").replace('"', "\\\"");
            if let Ok(header) = HeaderValue::from_str(&format!("299 - \"{quoted}\"")) {
                response.headers_mut().append(WARNING, header);
            }
        }
        response
    }
}

/// A JSON or YAML body.
pub fn value(code: StatusCode, value: &Value, encoding: Encoding) -> Response<Body> {
    let (bytes, media) = match encoding {
        Encoding::Json => (serde_json::to_vec(value).unwrap_or_default(), "application/json"),
        Encoding::Yaml => (serde_saphyr::to_string(value).unwrap_or_default().into_bytes(), "application/yaml"),
    };
    bytes_of(code, media, bytes)
}

/// Any bytes.
pub fn bytes_of(code: StatusCode, media: &str, bytes: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(Full::new(bytes.into()).boxed_unsync());
    *response.status_mut() = code;
    let headers = response.headers_mut();
    if let Ok(media) = HeaderValue::from_str(media) {
        headers.insert(CONTENT_TYPE, media);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    response
}

/// Plain text.
pub fn text(code: StatusCode, text: &'static str) -> Response<Body> {
    bytes_of(code, "text/plain; charset=utf-8", text)
}

/// A path that does not exist, in the words of Go's HTTP server.
pub fn no_such_path() -> Response<Body> {
    text(StatusCode::NOT_FOUND, "404 page not found\n")
}

/// A refusal.
pub fn refusal(error: &ApiError) -> Response<Body> {
    let code = StatusCode::from_u16(error.code()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = value(code, &error.to_value(), Encoding::Json);
    if let Some(seconds) = error.retry_after_seconds() {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// A stream of events, one JSON document a line.
pub fn stream(events: impl Stream<Item = Value> + Send + 'static) -> Response<Body> {
    let frames = events.map(|event| {
        let mut line = serde_json::to_vec(&event).unwrap_or_default();
        line.push(b'\n');
        Ok(Frame::data(Bytes::from(line)))
    });
    let mut response = Response::new(StreamBody::new(frames).boxed_unsync());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    response
}
