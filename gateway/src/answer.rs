//! Answers of the gateway's own.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use plexica_contract::error::{Code, ErrorBody, TENANT_SUSPENDED};
use uuid::Uuid;

use crate::header::set_common;

/// A body that is ours or an upstream's.
pub type Body = BoxBody<Bytes, BodyError>;
/// What ends a body early: the connection is closed, so that nobody takes half for the whole.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// Why the gateway answers by itself. Details are in the log, under the correlation id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The stable reason.
    pub code: Code,
    /// A sentence for people.
    pub message: &'static str,
}

/// The refusals there are.
pub mod refusal {
    use super::{Code, Refusal, TENANT_SUSPENDED};

    pub const PATH: Refusal = Refusal {
        code: Code::BadRequest,
        message: "The path must not have encoded slashes or dots, empty or dot segments, backslashes or control characters.",
    };
    pub const NOT_FOUND: Refusal = Refusal { code: Code::NotFound, message: "There is nothing at this address." };
    pub const METHOD: Refusal =
        Refusal { code: Code::MethodNotAllowed, message: "The gateway does not take this method." };
    pub const UNAUTHENTICATED: Refusal = Refusal {
        code: Code::Unauthenticated,
        message: "The request needs one valid access token of your realm: Authorization: Bearer <token>.",
    };
    pub const SUSPENDED: Refusal = Refusal { code: Code::TenantSuspended, message: TENANT_SUSPENDED };
    pub const TOO_FAST: Refusal = Refusal {
        code: Code::TooManyRequests,
        message: "Requests of your tenant come faster than its plan allows; try again after the seconds of Retry-After.",
    };
    pub const IDENTITY: Refusal =
        Refusal { code: Code::Unavailable, message: "Access tokens cannot be checked at the moment; try again." };
    pub const ORIGIN: Refusal =
        Refusal { code: Code::Forbidden, message: "Pages of this origin may not call this API." };
    pub const TOO_LARGE: Refusal =
        Refusal { code: Code::PayloadTooLarge, message: "The body is larger than this address takes." };
    pub const SLOW: Refusal = Refusal { code: Code::BadRequest, message: "The rest of the body did not come in time." };
    pub const STARTING: Refusal = Refusal { code: Code::Unavailable, message: "The gateway is starting; try again." };
    pub const UNREACHABLE: Refusal =
        Refusal { code: Code::Unavailable, message: "The plugin is not reachable at the moment; try again." };
    pub const BROKEN: Refusal =
        Refusal { code: Code::BadGateway, message: "The plugin ended the request without an answer." };
    pub const TIMEOUT: Refusal = Refusal { code: Code::Timeout, message: "The plugin did not answer in time." };
    pub const INTERNAL: Refusal = Refusal {
        code: Code::Internal,
        message: "Something went wrong here; the correlation id finds it in the logs.",
    };
}

impl Refusal {
    /// As an answer.
    pub fn answer(self, correlation_id: Uuid) -> Response<Body> {
        let body = ErrorBody::new(self.code, self.message).with_correlation_id(correlation_id.to_string());
        // Enums and strings always serialise.
        let json = serde_json::to_vec(&body).unwrap_or_default();
        let mut answer = Response::new(Full::new(Bytes::from(json)).map_err(|never| match never {}).boxed());
        *answer.status_mut() = StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = answer.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        match self.code {
            Code::Unauthenticated => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Code::Unavailable => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            // What is left of the body is not read: the connection has no further use.
            Code::PayloadTooLarge => {
                headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            _ => {}
        }
        set_common(headers, correlation_id);
        answer
    }
}

/// An answer without a body.
pub fn no_content(correlation_id: Uuid) -> Response<Body> {
    let mut answer = Response::new(http_body_util::Empty::new().map_err(|never| match never {}).boxed());
    *answer.status_mut() = StatusCode::NO_CONTENT;
    set_common(answer.headers_mut(), correlation_id);
    answer
}
