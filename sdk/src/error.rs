//! What a handler answers when it cannot do what was asked.

use std::{fmt, sync::Arc};

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use plexica_contract::error::{Code, ErrorBody, TENANT_SUSPENDED};

use crate::correlation;

/// The result of a handler or a hook.
pub type Result<T = (), E = Error> = std::result::Result<T, E>;

/// An error with a stable [`Code`] and a sentence for the client.
///
/// What caused it goes to the log, never to the client. `?` turns a [`sqlx::Error`] into one: a row
/// that is not there becomes 404, a unique value that is taken 409, a database out of reach 503,
/// and anything else 500.
#[derive(Clone)]
pub struct Error {
    body: Box<ErrorBody>,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
    /// Whether it is the answer to a question, and nothing failed.
    is_answer: bool,
}

impl Error {
    /// With this code and this sentence for the client.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { body: Box::new(ErrorBody::new(code, message)), source: None, is_answer: false }
    }

    /// 404: not there, or not the caller's.
    pub fn not_found() -> Self {
        Self::new(Code::NotFound, "There is nothing at this address.")
    }

    /// 409: the request contradicts what is there.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(Code::Conflict, message)
    }

    /// 422: the value of one field breaks a rule. For more than one, see [`crate::Checks`].
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Code::Unprocessable, "A field of the request breaks a rule.").with_detail(field, message)
    }

    /// 400: the request cannot be understood.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(Code::BadRequest, message)
    }

    /// 403: signed in, and not allowed.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(Code::Forbidden, message)
    }

    /// 403: the tenant is suspended.
    pub(crate) fn suspended() -> Self {
        Self::new(Code::TenantSuspended, TENANT_SUSPENDED)
    }

    /// 503: something this needs is not ready; trying again may help.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(Code::Unavailable, message)
    }

    /// 500: a fault of the plugin's own. The client sees no more than the correlation id.
    pub fn internal(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::fault().with_source(source)
    }

    /// 401. The one sentence for every reason: which check failed is for the log.
    pub(crate) fn unauthenticated() -> Self {
        Self::new(Code::Unauthenticated, "Sign in: this address needs a valid token.")
    }

    pub(crate) fn fault() -> Self {
        Self::new(Code::Internal, "Something went wrong here. The correlation id finds it in the logs.")
    }

    /// Names a field at fault.
    #[must_use]
    pub fn with_detail(mut self, field: impl Into<String>, message: impl Into<String>) -> Self {
        *self.body = self.body.with_detail(field, message);
        self
    }

    /// Keeps the cause for the log.
    #[must_use]
    pub fn with_source(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// It is what was asked for: nothing failed that an error in the log should tell of.
    pub(crate) fn answering(mut self) -> Self {
        self.is_answer = true;
        self
    }

    /// The stable reason.
    pub fn code(&self) -> Code {
        self.body.error.code
    }

    /// What the client reads.
    pub fn body(&self) -> &ErrorBody {
        &self.body
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error as Sql;
        let answer = match &error {
            Sql::RowNotFound => Self::not_found(),
            Sql::PoolTimedOut | Sql::PoolClosed | Sql::Io(_) | Sql::Tls(_) => {
                Self::unavailable("The database cannot be reached; try again.")
            }
            Sql::Database(database) => match database.code().as_deref() {
                // unique_violation
                Some("23505") => Self::conflict("Something with this value exists already."),
                // foreign_key_violation
                Some("23503") => Self::conflict("Something else refers to this, or it refers to what is not there."),
                // character_not_in_repertoire, untranslatable_character: a text with a NUL
                Some("22021" | "22P05") => Self::bad_request("A text holds a character that cannot be stored."),
                // numeric_value_out_of_range, datetime_field_overflow
                Some("22003" | "22008") => Self::bad_request("A number or a time is larger than can be stored."),
                // query_canceled: the statement timeout
                Some("57014") => Self::new(Code::Timeout, "The database took too long; ask for less at once."),
                // serialization_failure, deadlock_detected, lock_not_available
                Some("40001" | "40P01" | "55P03") => Self::unavailable("Others were changing the same; try again."),
                // admin_shutdown, cannot_connect_now, too_many_connections
                Some("57P01" | "57P03" | "53300") => Self::unavailable("The database cannot be reached; try again."),
                _ => Self::fault(),
            },
            _ => Self::fault(),
        };
        answer.with_source(error)
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let code = self.body.error.code;
        let status = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let cause = self.source.as_deref().map(tracing::field::display);
        if status.is_server_error() && !self.is_answer {
            tracing::error!(?code, cause, "{}", self.body.error.message);
        } else {
            tracing::debug!(?code, cause, "{}", self.body.error.message);
        }
        let mut body = *self.body;
        body.error.correlation_id = correlation::current();
        let mut response = (status, axum::Json(body)).into_response();
        match status {
            StatusCode::UNAUTHORIZED => {
                response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            _ => {}
        }
        response
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.body.error.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("code", &self.body.error.code)
            .field("message", &self.body.error.message)
            .field("details", &self.body.error.details)
            .field("source", &self.source)
            .field("is_answer", &self.is_answer)
            .finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::Mutex;

    use tracing::Level;

    use super::*;

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(error: Error) -> String {
        let log = Log::default();
        let writer = log.clone();
        let lines = tracing_subscriber::fmt().with_max_level(Level::INFO).with_writer(move || writer.clone()).finish();
        tracing::subscriber::with_default(lines, || drop(error.into_response()));
        String::from_utf8(log.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn an_answer_that_something_stops_is_no_error_in_the_log() {
        let stopping = || Error::unavailable("The plugin is stopping.");
        assert!(logged(stopping()).contains("ERROR"));
        assert_eq!(logged(stopping().answering()), "");
    }
}
