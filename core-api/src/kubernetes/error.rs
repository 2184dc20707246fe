//! What the Kubernetes API answers, in the words of this API.

use kube::core::Status;
use plexica_contract::error::Code;

use crate::http::ApiError;

impl From<kube::Error> for ApiError {
    fn from(error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => from_status(&status),
            other => {
                tracing::error!(error = &other as &dyn std::error::Error, "the Kubernetes API does not answer");
                unavailable()
            }
        }
    }
}

fn from_status(status: &Status) -> ApiError {
    match (status.code, status.reason.as_str()) {
        (404, _) => ApiError::not_found(),
        (409, "AlreadyExists") => ApiError::new(Code::Conflict, "There is one of this name already."),
        (409, _) => {
            ApiError::new(Code::Conflict, "It was changed since it was read: read it again, then repeat the change.")
        }
        (422, _) => invalid(status),
        (400, _) => with_causes(ApiError::new(Code::BadRequest, status.message.clone()), status),
        (410, _) => ApiError::bad_field("continue", "is too old: begin the list again"),
        (429 | 500..=599, _) => {
            tracing::error!(code = status.code, reason = status.reason, "the Kubernetes API fails");
            unavailable()
        }
        (code, _) => {
            tracing::error!(code, reason = status.reason, message = status.message, "the Kubernetes API refuses");
            ApiError::internal()
        }
    }
}

fn invalid(status: &Status) -> ApiError {
    with_causes(ApiError::new(Code::Unprocessable, "The resource breaks rules; see the fields."), status)
}

fn with_causes(error: ApiError, status: &Status) -> ApiError {
    let causes = status.details.iter().flat_map(|details| &details.causes);
    causes.fold(error, |error, cause| error.with_detail(field(&cause.field), cause.message.clone()))
}

/// A field of the resource as a field of this API's bodies.
fn field(path: &str) -> &str {
    match path {
        "<nil>" | "" => "spec",
        "metadata.name" => "name",
        other => other,
    }
}

fn unavailable() -> ApiError {
    ApiError::new(Code::Unavailable, "Resources cannot be reached at the moment; try again.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn codes_and_fields() {
        let of = |code: u16, reason: &str| {
            let status: Status = serde_json::from_value(json!({
                "status": "Failure", "code": code, "reason": reason, "message": "the whole",
                "details": { "causes": [
                    { "reason": "FieldValueInvalid", "message": "too long", "field": "spec.displayName" },
                    { "reason": "FieldValueInvalid", "message": "a rule", "field": "<nil>" },
                    { "reason": "FieldValueInvalid", "message": "no slug", "field": "metadata.name" },
                ] },
            }))
            .unwrap();
            ApiError::from(kube::Error::Api(Box::new(status))).body().error
        };
        let invalid = of(422, "Invalid");
        assert_eq!(invalid.code, Code::Unprocessable);
        let fields: Vec<&str> = invalid.details.iter().map(|detail| detail.field.as_str()).collect();
        assert_eq!(fields, ["spec.displayName", "spec", "name"]);
        for (code, reason, expected) in [
            (404, "NotFound", Code::NotFound),
            (409, "AlreadyExists", Code::Conflict),
            (409, "Conflict", Code::Conflict),
            (400, "BadRequest", Code::BadRequest),
            (403, "Forbidden", Code::Internal),
            (429, "TooManyRequests", Code::Unavailable),
            (503, "ServiceUnavailable", Code::Unavailable),
        ] {
            assert_eq!(of(code, reason).code, expected, "{code} {reason}");
        }
        assert!(!of(403, "Forbidden").message.contains("the whole"), "what the API server says of rights stays here");
    }
}
