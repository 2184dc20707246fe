//! Reading and writing `metadata` of an object that is plain JSON.

use serde_json::{Map, Value};

/// `metadata.<field>` as text, empty when absent.
pub fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object.get("metadata").and_then(|metadata| metadata.get(field)).and_then(Value::as_str).unwrap_or_default()
}

/// `metadata.name`.
pub fn name(object: &Value) -> &str {
    text(object, "name")
}

/// `metadata.namespace`.
pub fn namespace(object: &Value) -> &str {
    text(object, "namespace")
}

/// `metadata`, made if it is not there (or not an object).
pub fn metadata(object: &mut Value) -> &mut Map<String, Value> {
    field(object, "metadata")
}

/// A field that is an object, made if it is not there (or not an object).
pub fn field<'a>(object: &'a mut Value, name: &str) -> &'a mut Map<String, Value> {
    as_map(as_map(object).entry(name).or_insert(Value::Null))
}

fn as_map(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    match value {
        Value::Object(map) => map,
        _ => unreachable!("it was just made an object"),
    }
}

/// Sets `metadata.<field>`.
pub fn set_text(object: &mut Value, field: &str, value: impl Into<String>) {
    metadata(object).insert(field.to_owned(), Value::String(value.into()));
}

/// `metadata.<field>` as a list, empty when absent.
pub fn list<'a>(object: &'a Value, field: &str) -> &'a [Value] {
    object.get("metadata").and_then(|metadata| metadata.get(field)).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// `metadata.finalizers`.
pub fn finalizers(object: &Value) -> Vec<String> {
    list(object, "finalizers").iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Sets `metadata.finalizers`; an empty list is left out.
pub fn set_finalizers(object: &mut Value, finalizers: &[String]) {
    if finalizers.is_empty() {
        metadata(object).remove("finalizers");
    } else {
        metadata(object).insert("finalizers".into(), finalizers.into());
    }
}

/// The uids of the owners.
pub fn owner_uids(object: &Value) -> Vec<String> {
    list(object, "ownerReferences")
        .iter()
        .filter_map(|owner| owner.get("uid").and_then(Value::as_str))
        .map(str::to_owned)
        .collect()
}

/// Whether it is going away.
pub fn deleting(object: &Value) -> bool {
    !text(object, "deletionTimestamp").is_empty()
}

/// `metadata.generation`, 0 when absent.
pub fn generation(object: &Value) -> i64 {
    object.pointer("/metadata/generation").and_then(Value::as_i64).unwrap_or_default()
}

/// `metadata.labels[key]`.
pub fn label<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object.get("metadata")?.get("labels")?.get(key)?.as_str()
}

/// Now, as objects carry times: whole seconds, UTC.
pub fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
