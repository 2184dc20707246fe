//! Bodies in JSON, with the path of what is wrong.

use axum::{
    extract::{FromRequest, Request},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, header};
use plexica_contract::error::Code;
use serde::{Serialize, de::DeserializeOwned};

use super::ApiError;

/// The most bytes of a body.
const MAX_BODY: usize = 512 * 1024;

/// A body in JSON, in both directions.
#[derive(Clone, Copy, Debug)]
pub struct Json<T>(pub T);

impl<S: Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = ApiError;
    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        read(request, &["application/json"]).await.map(Self)
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// Reads a body of one of these types.
pub async fn read<T: DeserializeOwned>(request: Request, types: &[&str]) -> Result<T, ApiError> {
    if !is_one_of(request.headers(), types) {
        let message = format!("Send the body as {}.", types.join(" or "));
        return Err(ApiError::new(Code::UnsupportedMediaType, message));
    }
    let bytes = axum::body::to_bytes(request.into_body(), MAX_BODY).await.map_err(|_| {
        ApiError::new(Code::PayloadTooLarge, format!("The body has more than {MAX_BODY} bytes, or did not come whole."))
    })?;
    parse(&bytes)
}

fn is_one_of(headers: &HeaderMap, types: &[&str]) -> bool {
    let sent = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let sent = sent.split(';').next().unwrap_or_default().trim();
    types.iter().any(|wanted| sent.eq_ignore_ascii_case(wanted))
}

/// Parses JSON. What is not known is refused as much as what is wrong: a mistyped field must not
/// be taken for one that was left out.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let mut unknown = Vec::new();
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let mut note = |path: serde_ignored::Path<'_>| unknown.push(path.to_string());
    let noting = serde_ignored::Deserializer::new(&mut json, &mut note);
    let value = serde_path_to_error::deserialize(noting).map_err(|error| {
        let path = error.path().to_string();
        // Cut off where a name would come, it may or may not be a step of the path.
        let field = path.strip_suffix(".?").unwrap_or(&path);
        let field = if matches!(field, "." | "?") { "body" } else { field };
        ApiError::bad_field(field, error.into_inner().to_string())
    })?;
    json.end().map_err(|error| ApiError::bad_field("body", error.to_string()))?;
    if unknown.is_empty() {
        return Ok(value);
    }
    let error = ApiError::new(Code::BadRequest, "The request has fields that are not known; see the fields.");
    Err(unknown.into_iter().fold(error, |error, path| error.with_detail(path.replace('?', ""), "is not a known field")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[allow(dead_code, reason = "only what is wrong with it is looked at")]
    struct Deal {
        name: String,
        stages: Vec<Stage>,
    }

    #[derive(Debug, Deserialize)]
    #[allow(dead_code, reason = "only what is wrong with it is looked at")]
    struct Stage {
        days: u8,
    }

    #[test]
    fn mistakes_have_a_path() {
        let fields = |json: &str| {
            let error = parse::<Deal>(json.as_bytes()).unwrap_err().body().error;
            assert_eq!(error.code, Code::BadRequest);
            error.details.into_iter().map(|detail| detail.field).collect::<Vec<_>>()
        };
        assert!(parse::<Deal>(br#"{"name":"a","stages":[{"days":1}]}"#).is_ok());
        for (json, expected) in [
            (r#"{"name":"a","stages":[{"days":"x"}]}"#, "stages[0].days"),
            (r#"{"name":1,"stages":[]}"#, "name"),
            (r#"{"name":"a","stages":[{"days":1,"dais":2}]}"#, "stages.0.dais"),
            (r#"{"stages":[]}"#, "body"),
            (r"{", "body"),
            ("", "body"),
            (r#"{"name":"a","stages":[]} x"#, "body"),
        ] {
            assert_eq!(fields(json), [expected], "{json}");
        }
    }
}
