//! What Events have to be, in either form.

use serde_json::Value;

use crate::field_error::FieldError;
use crate::schema::names;

/// Checks an Event in its stored form. `strict` is for those made as events.k8s.io/v1.
pub(super) fn validate(event: &Value, strict: bool) -> Vec<FieldError> {
    let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let namespace = text("/metadata/namespace");
    let about = text("/involvedObject/namespace");
    let mut errors = Vec::new();
    let timed = !text("/eventTime").is_empty();
    // Events about cluster-scoped objects live in `default`.
    let agrees = match (timed, about.is_empty()) {
        (false, true) => namespace == "default",
        (false, false) => namespace == about,
        (true, true) => namespace == "default" || namespace == "kube-system",
        (true, false) => true,
    };
    if !agrees {
        let detail = "does not match event.namespace";
        errors.push(FieldError::invalid("involvedObject.namespace", &about.into(), detail));
    }
    if timed {
        let controller = text("/reportingComponent");
        let field = if strict { "reportingController" } else { "reportingComponent" };
        if controller.is_empty() {
            errors.push(FieldError::required(field, ""));
        }
        for wrong in names::qualified(controller) {
            errors.push(FieldError::invalid(field, &controller.into(), wrong));
        }
        for (field, limit) in [("reportingInstance", 128), ("action", 128), ("reason", 128), ("message", 1024)] {
            let value = text(&format!("/{field}"));
            if value.is_empty() && field != "message" {
                errors.push(FieldError::required(field, ""));
            }
            if value.len() > limit {
                let detail = format!("can have at most {limit} characters");
                errors.push(FieldError::invalid(field, &"".into(), detail));
            }
        }
    }
    if strict {
        errors.extend(strictly(event, timed));
    }
    errors
}

fn strictly(event: &Value, timed: bool) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if let Some(series) = event.get("series").filter(|series| !series.is_null()) {
        if series.get("count").and_then(Value::as_i64).unwrap_or_default() < 2 {
            errors.push(FieldError::invalid("series.count", &"".into(), "should be at least 2"));
        }
        if series.get("lastObservedTime").is_none_or(Value::is_null) {
            errors.push(FieldError::required("series.lastObservedTime", ""));
        }
    }
    if !timed {
        errors.push(FieldError::required("eventTime", ""));
    }
    let kind = event.get("type").and_then(Value::as_str).unwrap_or_default();
    if kind != "Normal" && kind != "Warning" {
        let detail = format!("has invalid value: {kind}");
        errors.push(FieldError::invalid("type", &"".into(), detail));
    }
    for (field, pointer) in [
        ("firstTimestamp", "/firstTimestamp"),
        ("lastTimestamp", "/lastTimestamp"),
        ("count", "/count"),
        ("source", "/source/component"),
    ] {
        let unset = event.pointer(pointer).is_none_or(|value| value.is_null() || value == 0 || value == "");
        if !unset {
            errors.push(FieldError::invalid(field, &"".into(), "needs to be unset"));
        }
    }
    errors
}
