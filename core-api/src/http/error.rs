//! Errors, as clients see them.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use plexica_contract::error::{Code, ErrorBody, TENANT_SUSPENDED};

/// An error, as clients see it. It becomes JSON where the correlation id is known.
#[derive(Clone, Debug)]
pub struct ApiError(ErrorBody);

impl ApiError {
    /// With a sentence for people.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self(ErrorBody::new(code, message))
    }

    /// Not there, or not the caller's.
    pub fn not_found() -> Self {
        Self::new(Code::NotFound, "There is nothing at this address.")
    }

    /// A fault of ours, which is in the log.
    pub fn internal() -> Self {
        Self::new(Code::Internal, "Something went wrong here; the correlation id finds it in the logs.")
    }

    /// No token, or one that does not hold.
    pub fn unauthenticated() -> Self {
        Self::new(Code::Unauthenticated, "The request needs a valid token.")
    }

    /// The caller's tenant is suspended.
    pub fn suspended() -> Self {
        Self::new(Code::TenantSuspended, TENANT_SUSPENDED)
    }

    /// A request with one mistake.
    pub fn bad_field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Code::BadRequest, "The request cannot be understood; see the fields.").with_detail(field, message)
    }

    /// A value that breaks a rule.
    pub fn unprocessable(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Code::Unprocessable, "The request breaks rules; see the fields.").with_detail(field, message)
    }

    /// Names one more field.
    #[must_use]
    pub fn with_detail(self, field: impl Into<String>, message: impl Into<String>) -> Self {
        Self(self.0.with_detail(field, message))
    }

    /// What the client will read.
    pub fn body(self) -> ErrorBody {
        self.0
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.error.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        response.extensions_mut().insert(self.0);
        response
    }
}
