//! The SDK's errors as ours.

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use crate::{Error, Kind, System};

/// Turns an error of a call into ours; `doing` is such as `create the bucket tenant-acme`.
pub(super) fn failure<E>(doing: &str) -> impl FnOnce(SdkError<E>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let doing = doing.to_owned();
    move |error| {
        let status = error.raw_response().map(|response| response.status().as_u16());
        let code = error.code().unwrap_or_default();
        let (kind, why) = match &error {
            SdkError::ServiceError(_) => (by_answer(status.unwrap_or_default(), code), answer(code, status)),
            SdkError::ConstructionFailure(_) => (Kind::Invalid, "the request could not be made".to_owned()),
            _ => (Kind::Unavailable, "it cannot be reached".to_owned()),
        };
        let message = format!("could not {doing}: {why}");
        let told = match kind {
            Kind::Unavailable => Error::unavailable(System::S3, message),
            Kind::Denied => Error::denied(System::S3, message),
            kind => Error::new(System::S3, kind, message, "Look for the error code in the operator's log."),
        };
        told.because(error)
    }
}

/// Whether the store answered with that error code.
pub(super) fn answered<E: ProvideErrorMetadata>(error: &SdkError<E>, codes: &[&str]) -> bool {
    error.code().is_some_and(|code| codes.contains(&code))
}

fn by_answer(status: u16, code: &str) -> Kind {
    match (status, code) {
        (_, "SlowDown" | "RequestTimeout" | "OperationAborted" | "ConditionalRequestConflict")
        | (429 | 500..=599, _) => Kind::Unavailable,
        (401 | 403, _) => Kind::Denied,
        (_, "BucketAlreadyExists") => Kind::Conflict,
        _ => Kind::Invalid,
    }
}

fn answer(code: &str, status: Option<u16>) -> String {
    match (code, status) {
        ("", Some(status)) => format!("it answered HTTP {status}"),
        ("", None) => "the answer was not understood".to_owned(),
        (code, _) => format!("it answered {code}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_by_answer() {
        for (status, code, kind) in [
            (403, "AccessDenied", Kind::Denied),
            (403, "InvalidAccessKeyId", Kind::Denied),
            (401, "", Kind::Denied),
            (503, "SlowDown", Kind::Unavailable),
            (500, "InternalError", Kind::Unavailable),
            (429, "", Kind::Unavailable),
            (409, "OperationAborted", Kind::Unavailable),
            (409, "ConditionalRequestConflict", Kind::Unavailable),
            (409, "BucketAlreadyExists", Kind::Conflict),
            (400, "InvalidBucketName", Kind::Invalid),
        ] {
            assert_eq!(by_answer(status, code), kind, "{status} {code}");
        }
    }
}
