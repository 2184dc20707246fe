//! The body of a request: JSON or YAML.

use serde_json::Value;

use crate::api_error::{ApiError, ApiResult};

/// Kubernetes' protobuf, taken for built-in kinds.
pub const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";
const ACCEPTED: &str = "application/json, application/yaml, application/vnd.kubernetes.protobuf";

/// Parses a body by its content type (JSON when absent).
pub fn parse(bytes: &[u8], content_type: &str, kind: &str) -> ApiResult<Value> {
    let media = content_type.split(';').next().unwrap_or_default().trim();
    match media {
        "" | "application/json" => serde_json::from_slice(bytes).map_err(|error| unrecognized(bytes, kind, &error)),
        "application/yaml" => {
            yaml(bytes).map_err(|error| ApiError::bad_request(format!("error converting YAML to JSON: {error}")))
        }
        PROTOBUF => crate::protobuf::object(bytes).map_err(|error| {
            ApiError::bad_request(format!("the object provided is unrecognized (must be of type {kind}): {error}"))
        }),
        _ => Err(ApiError::unsupported_media_type(ACCEPTED)),
    }
}

/// Parses YAML, and so JSON too.
pub fn yaml(bytes: &[u8]) -> Result<Value, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    serde_saphyr::from_str(text).map_err(|error| error.to_string())
}

/// How Go words a JSON error, as far as it can be told from ours.
pub fn go_json_error(error: &serde_json::Error) -> String {
    if error.is_eof() { "unexpected end of JSON input".into() } else { error.to_string() }
}

fn unrecognized(bytes: &[u8], kind: &str, error: &serde_json::Error) -> ApiError {
    ApiError::bad_request(format!(
        "the object provided is unrecognized (must be of type {kind}): couldn't get version/kind; \
         json parse error: {} ({})",
        go_json_error(error),
        excerpt(bytes)
    ))
}

/// The beginning of a body, for messages.
pub fn excerpt(bytes: &[u8]) -> String {
    const SHOWN: usize = 30;
    if bytes.is_empty() {
        return "<empty>".into();
    }
    let text = String::from_utf8_lossy(bytes);
    if text.chars().count() <= SHOWN {
        text.into_owned()
    } else {
        format!("{} ...", text.chars().take(SHOWN).collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn broken_bodies_are_told_from_wrong_types() {
        let error = parse(b"{\"apiVersion\"", "application/json", "Widget").unwrap_err();
        let message = error.to_value()["message"].as_str().unwrap().to_owned();
        assert_eq!(
            message,
            "the object provided is unrecognized (must be of type Widget): couldn't get version/kind; \
             json parse error: unexpected end of JSON input ({\"apiVersion\")"
        );
        assert_eq!(parse(b"x", "text/x", "Widget").unwrap_err().code(), 415);
        assert_eq!(parse(b"a: 1", "application/yaml", "W").unwrap()["a"], 1);
    }
}
