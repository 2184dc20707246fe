//! The annotation kubectl keeps when it applies on the client's side.

use serde_json::Value;

use super::compare::compare;
use super::fields;
use super::set::Set;
use super::types::Type;
use crate::kind::Kind;
use crate::schema::text::go_json;

const ANNOTATION: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The fields kubectl applied before and nobody changed since.
pub(super) fn owned(at: Type<'_>, kind: &Kind, live: &Value) -> Option<Set> {
    let text = live["metadata"]["annotations"][ANNOTATION].as_str()?;
    let last: Value = serde_json::from_str(text).ok()?;
    if last["apiVersion"].as_str() != Some(kind.api_version().as_str()) {
        return None;
    }
    let changed = compare(at, &last, live);
    Some(fields::of(at, &last).difference(&changed.modified).difference(&changed.added).difference(&changed.removed))
}

/// Keeps the annotation in step, where an object has it.
pub(super) fn refresh(object: &mut Value, applied: &Value) {
    let annotation = &object["metadata"]["annotations"][ANNOTATION];
    if annotation.as_str().is_none_or(str::is_empty) {
        return;
    }
    let mut config = applied.clone();
    let given = config.pointer_mut("/metadata/annotations");
    if let Some(given) = given.and_then(Value::as_object_mut) {
        given.remove(ANNOTATION);
        if given.is_empty()
            && let Some(metadata) = config["metadata"].as_object_mut()
        {
            metadata.remove("annotations");
        }
    }
    object["metadata"]["annotations"][ANNOTATION] = Value::String(format!("{}\n", go_json(&config)));
}
