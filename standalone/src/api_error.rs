//! Refusals, as the `Status` a client is sent.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Status, StatusCause, StatusDetails};
use serde_json::{Value, json};

use crate::apply::{ApplyError, PatchError};
use crate::field_error::FieldError;
use crate::kind::Kind;
use crate::storage::StorageError;

/// A refusal.
#[derive(Debug)]
pub struct ApiError(Box<Status>);

/// What a verb answers with.
pub type ApiResult<T> = Result<T, ApiError>;

impl From<Status> for ApiError {
    fn from(status: Status) -> Self {
        Self(Box::new(status))
    }
}

impl From<StorageError> for ApiError {
    fn from(error: StorageError) -> Self {
        // The text may name hosts and rows: it is for the log, not for the client.
        tracing::error!(%error, "storage failed");
        Self::new(503, "ServiceUnavailable", "the server's database did not answer; try again").retry_after(1)
    }
}

impl From<PatchError> for ApiError {
    fn from(error: PatchError) -> Self {
        match error {
            PatchError::BadRequest(message) => Self::bad_request(message),
            PatchError::Unprocessable(why) => {
                // The real server keeps the reason to itself.
                tracing::debug!(why, "a patch does not fit");
                Self::rejected()
            }
            PatchError::Failed(message) => Self::new(500, "", message),
            PatchError::TooLarge(_) => {
                Self::new(413, "RequestEntityTooLarge", format!("Request entity too large: {error}"))
            }
        }
    }
}

impl From<ApplyError> for ApiError {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::Conflict { message, causes } => Self::new(409, "Conflict", message)
                .with_details(StatusDetails { causes: Some(causes), ..StatusDetails::default() }),
            ApplyError::BadRequest(message) => Self::bad_request(message),
            ApplyError::Schema(message) => Self::new(500, "", message),
        }
    }
}

impl ApiError {
    /// A failure with this code, reason and message.
    pub fn new(code: i32, reason: &str, message: impl Into<String>) -> Self {
        Self(Box::new(Status {
            status: Some("Failure".into()),
            code: Some(code),
            reason: (!reason.is_empty()).then(|| reason.to_owned()),
            message: Some(message.into()),
            ..Status::default()
        }))
    }

    /// 400.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// 422 of a patch that does not fit.
    pub fn rejected() -> Self {
        Self::new(422, "Invalid", "the server rejected our request due to an error in our request").about("", "", "")
    }

    /// 404 of one object.
    pub fn not_found(kind: &Kind, name: &str) -> Self {
        let message = format!("{} {name:?} not found", kind.resource());
        Self::new(404, "NotFound", message).about(&kind.group, &kind.plural, name)
    }

    /// 409: there is one of this name.
    pub fn already_exists(kind: &Kind, name: &str) -> Self {
        let message = format!("{} {name:?} already exists", kind.resource());
        Self::new(409, "AlreadyExists", message).about(&kind.group, &kind.plural, name)
    }

    /// 409: it was changed meanwhile, or is not what the client takes it for.
    pub fn conflict(kind: &Kind, name: &str, why: &str) -> Self {
        let message = format!("Operation cannot be fulfilled on {} {name:?}: {why}", kind.resource());
        Self::new(409, "Conflict", message).about(&kind.group, &kind.plural, name)
    }

    /// 409: the resource version of the request is not the current one.
    pub fn modified(kind: &Kind, name: &str) -> Self {
        Self::conflict(
            kind,
            name,
            "the object has been modified; please apply your changes to the latest version and try again",
        )
    }

    /// 405.
    pub fn method_not_allowed() -> Self {
        Self::new(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
            .with_details(StatusDetails::default())
    }

    /// 410: the resource version is older than what is remembered.
    pub fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message)
    }

    /// 415: the content type of the body.
    pub fn unsupported_media_type(accepted: &str) -> Self {
        Self::new(
            415,
            "UnsupportedMediaType",
            format!("the body of the request was in an unknown format - accepted media types include: {accepted}"),
        )
    }

    /// 422 of an object.
    pub fn invalid(kind: &Kind, name: &str, errors: &[FieldError]) -> Self {
        Self::invalid_as(&kind.group, &kind.kind, name, errors)
    }

    /// 422 of request options, such as `PatchOptions`.
    pub fn invalid_options(options: &str, errors: &[FieldError]) -> Self {
        Self::invalid_as("meta.k8s.io", options, "", errors)
    }

    /// 422, naming group and kind as given.
    pub fn invalid_as(group: &str, kind: &str, name: &str, errors: &[FieldError]) -> Self {
        let mut messages: Vec<String> = Vec::with_capacity(errors.len());
        for error in errors {
            let message = error.to_string();
            if !messages.contains(&message) {
                messages.push(message);
            }
        }
        let summary = match messages.as_slice() {
            [only] => only.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        let qualified = if group.is_empty() { kind.to_owned() } else { format!("{kind}.{group}") };
        let causes = errors.iter().map(|error| StatusCause {
            reason: Some(error.cause.reason().to_owned()),
            message: Some(error.message.clone()),
            field: Some(error.field.clone()),
        });
        let mut refused =
            Self::new(422, "Invalid", format!("{qualified} {name:?} is invalid: {summary}")).about(group, kind, name);
        if let Some(details) = refused.0.details.as_mut() {
            details.causes = Some(causes.collect());
        }
        refused
    }

    /// Names what it is about in the details.
    #[must_use]
    pub fn about(self, group: &str, kind: &str, name: &str) -> Self {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        self.with_details(StatusDetails {
            group: some(group),
            kind: some(kind),
            name: some(name),
            ..StatusDetails::default()
        })
    }

    /// Sets the details.
    #[must_use]
    pub fn with_details(mut self, details: StatusDetails) -> Self {
        self.0.details = Some(details);
        self
    }

    /// Tells the client how long to wait.
    #[must_use]
    pub fn retry_after(mut self, seconds: i32) -> Self {
        self.0.details.get_or_insert_default().retry_after_seconds = Some(seconds);
        self
    }

    /// Hands the client another token to continue its list with.
    #[must_use]
    pub fn continue_with(mut self, token: String) -> Self {
        self.0.metadata.continue_ = Some(token);
        self
    }

    /// HTTP status code.
    pub fn code(&self) -> u16 {
        self.0.code.and_then(|code| u16::try_from(code).ok()).unwrap_or(500)
    }

    /// Seconds for a `Retry-After` header.
    pub fn retry_after_seconds(&self) -> Option<i32> {
        self.0.details.as_ref()?.retry_after_seconds
    }

    /// The reason, for decisions in the server itself.
    pub fn reason(&self) -> &str {
        self.0.reason.as_deref().unwrap_or_default()
    }

    /// The body.
    pub fn to_value(&self) -> Value {
        let mut value = serde_json::to_value(&self.0).unwrap_or_else(|_| json!({}));
        if let Some(map) = value.as_object_mut() {
            map.entry("metadata").or_insert_with(|| json!({}));
        }
        value
    }
}
