//! A handler's panic is one request's failure, not the process's.

use std::any::Any;

use axum::response::{IntoResponse, Response};

use crate::Error;

/// 500 for the client; the text goes to the log.
// The signature is tower-http's.
#[allow(clippy::needless_pass_by_value)]
pub(crate) fn answer(panic: Box<dyn Any + Send + 'static>) -> Response {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    tracing::error!(panic = text.unwrap_or("without a text"), "a handler panicked");
    Error::fault().into_response()
}
