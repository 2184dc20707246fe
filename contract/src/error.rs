//! The JSON body of every error that gateway, core API and plugins send to a client.
//!
//! ```json
//! {"error":{"code":"NOT_FOUND","message":"There is nothing at this address.","correlationId":"…"}}
//! ```

use serde::{Deserialize, Serialize};

/// A stable, documented reason. Clients switch on it; messages may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Code {
    /// 400: the request cannot be understood; `details` name the fields.
    BadRequest,
    /// 401: no token, or one that does not hold.
    Unauthenticated,
    /// 403: the token holds and lacks the permission.
    Forbidden,
    /// 403: the tenant is suspended.
    TenantSuspended,
    /// 404: not there, or not the caller's: the two look the same.
    NotFound,
    /// 405: the address exists and does not take this method.
    MethodNotAllowed,
    /// 409: the request contradicts what is there.
    Conflict,
    /// 409: others that stay need it; the message names them.
    InUse,
    /// 413: the body is larger than the limit.
    PayloadTooLarge,
    /// 415: the body is not of a type this address takes.
    UnsupportedMediaType,
    /// 422: understood, and against a rule; `details` name the fields.
    Unprocessable,
    /// 429: too many requests.
    TooManyRequests,
    /// 500: a fault of ours; the correlation id finds it in the logs.
    Internal,
    /// 502: the plugin did not answer as HTTP.
    BadGateway,
    /// 503: the plugin or a part it needs is not ready; trying again may help.
    Unavailable,
    /// 504: the plugin did not answer in time.
    Timeout,
}

impl Code {
    /// The HTTP status that carries this code.
    pub const fn status(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::Unauthenticated => 401,
            Self::Forbidden | Self::TenantSuspended => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::Conflict | Self::InUse => 409,
            Self::PayloadTooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::Unprocessable => 422,
            Self::TooManyRequests => 429,
            Self::Internal => 500,
            Self::BadGateway => 502,
            Self::Unavailable => 503,
            Self::Timeout => 504,
        }
    }
}

/// What the user of a suspended tenant is told, with [`Code::TenantSuspended`], wherever they ask.
pub const TENANT_SUSPENDED: &str =
    "This tenant is suspended; its data is kept. Ask the platform's operator to resume it.";

/// One mistake in a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    /// Where: a path as in `stages[0].name`, or a parameter's name.
    pub field: String,
    /// What is wrong and what to send instead.
    pub message: String,
}

/// The inside of [`ErrorBody`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// The stable reason.
    pub code: Code,
    /// A sentence for people: what happened and what to do.
    pub message: String,
    /// The fields at fault, if any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<Detail>,
    /// Finds the request in the logs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
}

/// What a client reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// The one member, so that an error is never mistaken for a result.
    pub error: Problem,
}

impl ErrorBody {
    /// A body without details.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { error: Problem { code, message: message.into(), details: Vec::new(), correlation_id: None } }
    }

    /// Names a field at fault.
    #[must_use]
    pub fn with_detail(mut self, field: impl Into<String>, message: impl Into<String>) -> Self {
        self.error.details.push(Detail { field: field.into(), message: message.into() });
        self
    }

    /// Says which request this was.
    #[must_use]
    pub fn with_correlation_id(mut self, id: impl Into<String>) -> Self {
        self.error.correlation_id = Some(id.into());
        self
    }
}
