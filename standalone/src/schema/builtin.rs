//! What the API server does for built-in kinds beyond their schema.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::names;
use crate::field_error::FieldError;
use crate::kind::Kind;

/// The data of one Secret may have this many bytes.
const SECRET_LIMIT: usize = 1024 * 1024;

/// Fills in what the server fills in.
pub(crate) fn default(kind: &Kind, object: &mut Value) {
    match kind.kind.as_str() {
        "Namespace" => {
            let name = object["metadata"]["name"].as_str().unwrap_or("").to_owned();
            if !name.is_empty() {
                let label = ("kubernetes.io/metadata.name".to_owned(), name.into());
                put(&mut object["metadata"], "labels", Map::from_iter([label]));
            }
        }
        "Secret" => {
            let given = object.as_object_mut().and_then(|map| map.remove("stringData"));
            if let Some(Value::Object(given)) = given {
                let encoded = given.into_iter().map(|(key, value)| {
                    let text = value.as_str().unwrap_or("");
                    (key, Value::String(STANDARD.encode(text)))
                });
                put(object, "data", encoded.collect());
            }
            if object["type"].as_str().is_none_or(str::is_empty) {
                object["type"] = json!("Opaque");
            }
        }
        _ => {}
    }
}

/// Puts entries into the map at a field, which is made when it is not there.
fn put(value: &mut Value, field: &str, entries: Map<String, Value>) {
    match value[field].as_object_mut() {
        Some(map) => map.extend(entries),
        None => value[field] = Value::Object(entries),
    }
}

/// Checks a new object.
pub(crate) fn validate_create(kind: &Kind, object: &Value) -> Vec<FieldError> {
    match kind.kind.as_str() {
        "Secret" => secret(object),
        "Lease" => lease(object),
        _ => Vec::new(),
    }
}

/// Checks a changed object.
pub(crate) fn validate_update(kind: &Kind, object: &Value, old: &Value) -> Vec<FieldError> {
    let mut errors = validate_create(kind, object);
    if kind.kind == "Secret" {
        errors.splice(0..0, immutable_secret(object, old));
    }
    errors
}

fn immutable_secret(object: &Value, old: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if object["type"] != old["type"] {
        errors.push(FieldError::invalid("type", &object["type"], "field is immutable"));
    }
    if old["immutable"] == Value::Bool(true) {
        let detail = "field is immutable when `immutable` is set";
        if object["immutable"] != Value::Bool(true) {
            errors.push(FieldError::forbidden("immutable", detail));
        }
        if object["data"] != old["data"] {
            errors.push(FieldError::forbidden("data", detail));
        }
    }
    errors
}

fn secret(object: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut size = 0;
    for (key, value) in object["data"].as_object().into_iter().flatten() {
        for wrong in names::config_key(key) {
            errors.push(FieldError::invalid(format!("data[{key}]"), &key.as_str().into(), wrong));
        }
        size += STANDARD.decode(value.as_str().unwrap_or("")).map_or(0, |bytes| bytes.len());
    }
    if size > SECRET_LIMIT {
        errors.push(FieldError::too_long("data", 1024 * 1024));
    }
    for field in required_keys(object) {
        if object["data"][field].is_null() {
            errors.push(FieldError::required(format!("data[{field}]"), ""));
        }
    }
    errors
}

/// The keys a Secret of a known type has to have.
fn required_keys(object: &Value) -> &'static [&'static str] {
    match object["type"].as_str() {
        Some("kubernetes.io/tls") => &["tls.crt", "tls.key"],
        Some("kubernetes.io/ssh-auth") => &["ssh-privatekey"],
        Some("kubernetes.io/dockerconfigjson") => &[".dockerconfigjson"],
        Some("kubernetes.io/dockercfg") => &[".dockercfg"],
        _ => &[],
    }
}

fn lease(object: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let spec = &object["spec"];
    for field in ["leaseDurationSeconds", "leaseTransitions"] {
        let Some(number) = spec[field].as_i64() else { continue };
        let path = format!("spec.{field}");
        if field == "leaseDurationSeconds" && number <= 0 {
            errors.push(FieldError::invalid(path, &number.into(), "must be greater than 0"));
        } else if number < 0 {
            let detail = "must be greater than or equal to 0";
            errors.push(FieldError::invalid(path, &number.into(), detail));
        }
    }
    errors
}
