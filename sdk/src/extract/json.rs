//! JSON bodies.

use axum::{
    extract::{FromRequest, Request, rejection::BytesRejection},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use plexica_contract::error::Code;
use serde::{Serialize, de::DeserializeOwned};

use crate::{Error, Result};

/// A JSON body, as extractor and as answer. A bad one is 400 with the path of the field at fault,
/// another content type 415, one over the limit 413.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        if !is_json(request.headers()) {
            return Err(Error::new(
                Code::UnsupportedMediaType,
                "Send JSON, with the header content-type: application/json.",
            ));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|refused| body_error(&refused))?;
        parse_json(&bytes).map(Self)
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
            Err(error) => Error::internal(error).into_response(),
        }
    }
}

/// Reads JSON; an error names the path of the field.
pub(crate) fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let field = field(error.path());
        let inner = error.into_inner();
        if inner.is_data() {
            Error::bad_request("A field of the body is not what it should be.").with_detail(field, inner.to_string())
        } else {
            Error::bad_request("The body is not JSON.").with_detail("", inner.to_string())
        }
    })?;
    json.end().map_err(|error| Error::bad_request("The body is not JSON.").with_detail("", error.to_string()))?;
    Ok(value)
}

/// As in `stages[1].name`; empty for the whole. What has no name yet has no part in it.
pub(super) fn field(path: &serde_path_to_error::Path) -> String {
    match path.to_string().as_str() {
        "." | "?" => String::new(),
        path => path.strip_suffix(".?").unwrap_or(path).to_owned(),
    }
}

/// A body that could not be read.
pub(crate) fn body_error(refused: &BytesRejection) -> Error {
    if refused.status() == StatusCode::PAYLOAD_TOO_LARGE {
        Error::new(Code::PayloadTooLarge, "The body is larger than this plugin takes.")
    } else {
        Error::bad_request("The body could not be read to its end.")
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()) else { return false };
    let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Pipeline {
        stages: Vec<Stage>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    struct Stage {
        name: String,
    }

    #[test]
    fn a_mistake_has_the_path_of_its_field() {
        for (body, field) in [
            (r#"{"stages":[{"name":"new"},{"name":7}]}"#, "stages[1].name"),
            (r#"{"stages":[{}]}"#, "stages[0]"),
            (r#"{"stages":"new"}"#, "stages"),
            (r#"{"stages":[],"colour":1}"#, "colour"),
            ("[]", ""),
            ("", ""),
            ("{", ""),
            (r#"{"stages":[]} {"#, ""),
        ] {
            let error = parse_json::<Pipeline>(body.as_bytes()).unwrap_err();
            assert_eq!(error.code(), Code::BadRequest, "{body}");
            assert_eq!(error.body().error.details[0].field, field, "{body}");
        }
        assert!(parse_json::<Pipeline>(br#"{"stages":[{"name":"new"}]}"#).is_ok());
    }

    #[test]
    fn what_counts_as_json() {
        for (value, is) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("application/merge-patch+json", true),
            ("text/json", false),
            ("application/jsonp", false),
            ("text/plain", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, value.parse().unwrap());
            assert_eq!(is_json(&headers), is, "{value}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }
}
