//! From what a client sent to an object of the kind: type, unknown fields, defaults.

use serde_json::{Map, Value};

use crate::api_error::{ApiError, ApiResult};
use crate::http::body::excerpt;
use crate::http::params::FieldValidation;
use crate::served::Served;

/// An object as sent, made whole.
#[derive(Debug)]
pub struct Decoded {
    /// The object.
    pub object: Value,
    /// What was dropped or doubled, each as a sentence.
    pub complaints: Vec<String>,
}

/// Checks the type, drops unknown fields, fills in defaults. `duplicates` are keys written twice.
pub fn decode(served: &Served, mut object: Value, duplicates: &[String]) -> ApiResult<Decoded> {
    let kind = &served.kind;
    let text = |object: &Value, field: &str| object.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let Some(map) = object.as_object_mut() else {
        return Err(unrecognized(served, &object, "Kind"));
    };
    if !kind.custom && text_of(map, "kind").is_empty() && text_of(map, "apiVersion").is_empty() {
        // Built-in kinds are known by their path.
        map.insert("kind".into(), kind.kind.clone().into());
        map.insert("apiVersion".into(), kind.api_version().into());
    }
    let (found, version) = (text(&object, "kind"), text(&object, "apiVersion"));
    if found.is_empty() {
        return Err(unrecognized(served, &object, "Kind"));
    }
    if version.is_empty() && !kind.custom {
        return Err(unrecognized(served, &object, "apiVersion"));
    }
    if version != kind.api_version() {
        return Err(ApiError::bad_request(format!(
            "the API version in the data ({version}) does not match the expected API version ({})",
            kind.api_version()
        )));
    }
    if found != kind.kind && !kind.custom {
        return Err(ApiError::bad_request(format!(
            "{found} in version {:?} cannot be handled as a {}: no kind {found:?} is registered for version {version:?}",
            kind.version, kind.kind
        )));
    }
    let unknown = served.schema.prune(&mut object).map_err(|error| cannot_handle(served, &error))?;
    let complaints = duplicates
        .iter()
        .map(|path| format!("duplicate field {path:?}"))
        .chain(unknown.iter().map(|path| format!("unknown field {path:?}")))
        .collect();
    served.schema.default(&mut object);
    Ok(Decoded { object, complaints })
}

impl Decoded {
    /// The object and the warnings to send; strict validation refuses instead.
    pub fn admit(self, served: &Served, mode: FieldValidation) -> ApiResult<(Value, Vec<String>)> {
        match mode {
            FieldValidation::Ignore => Ok((self.object, Vec::new())),
            FieldValidation::Warn => Ok((self.object, self.complaints)),
            FieldValidation::Strict if self.complaints.is_empty() => Ok((self.object, Vec::new())),
            FieldValidation::Strict => Err(cannot_handle(served, &strict(&self.complaints))),
        }
    }
}

/// The complaints as one error.
pub fn strict(complaints: &[String]) -> String {
    format!("strict decoding error: {}", complaints.join(", "))
}

fn cannot_handle(served: &Served, error: &str) -> ApiError {
    let kind = &served.kind;
    ApiError::bad_request(format!(
        "{} in version {:?} cannot be handled as a {}: {error}",
        kind.kind, kind.version, kind.kind
    ))
}

fn unrecognized(served: &Served, object: &Value, missing: &str) -> ApiError {
    let body = object.to_string();
    ApiError::bad_request(format!(
        "the object provided is unrecognized (must be of type {}): Object '{missing}' is missing in '{body}' ({})",
        served.kind.kind,
        excerpt(body.as_bytes())
    ))
}

fn text_of<'a>(map: &'a Map<String, Value>, field: &str) -> &'a str {
    map.get(field).and_then(Value::as_str).unwrap_or_default()
}
