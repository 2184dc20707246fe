//! Versions of resources: `ETag` out, `If-Match` in.

use axum::{
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header, request::Parts};
use serde::Serialize;

use super::{ApiError, Json};

/// A resource with its version.
#[derive(Debug)]
pub struct Etagged<T> {
    /// 200, or 201 with an address.
    pub status: StatusCode,
    /// Where it is, when it was made.
    pub location: Option<String>,
    /// `metadata.resourceVersion`.
    pub version: Option<String>,
    /// What is shown.
    pub body: T,
}

impl<T: Serialize> IntoResponse for Etagged<T> {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body)).into_response();
        let etag = self.version.and_then(|version| HeaderValue::try_from(format!("\"{version}\"")).ok());
        let location = self.location.and_then(|location| HeaderValue::try_from(location).ok());
        response.headers_mut().extend(etag.map(|etag| (header::ETAG, etag)));
        response.headers_mut().extend(location.map(|location| (header::LOCATION, location)));
        response
    }
}

/// The version that a change is meant for; none: for any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IfMatch(pub Option<String>);

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let Some(value) = parts.headers.get(header::IF_MATCH) else { return Ok(Self(None)) };
        let text = value.to_str().unwrap_or_default();
        if text == "*" {
            return Ok(Self(None));
        }
        let version = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        match version.filter(|version| !version.is_empty() && !version.contains('"')) {
            Some(version) => Ok(Self(Some(version.to_owned()))),
            None => Err(ApiError::bad_field("If-Match", "must be one ETag as it was sent, such as \"4711\"")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_version_or_any() {
        let of = async |value: Option<&str>| {
            let mut request = http::Request::builder();
            if let Some(value) = value {
                request = request.header("if-match", value);
            }
            let (mut parts, ()) = request.body(()).unwrap().into_parts();
            IfMatch::from_request_parts(&mut parts, &()).await.map(|IfMatch(version)| version)
        };
        assert_eq!(of(None).await.unwrap(), None);
        assert_eq!(of(Some("*")).await.unwrap(), None);
        assert_eq!(of(Some("\"12\"")).await.unwrap().as_deref(), Some("12"));
        for bad in ["", "12", "\"\"", "W/\"12\"", "\"1\", \"2\""] {
            assert!(of(Some(bad)).await.is_err(), "{bad}");
        }
    }
}
