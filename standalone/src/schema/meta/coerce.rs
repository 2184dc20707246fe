//! Reading metadata as the `ObjectMeta` it is: unknown fields go, empty ones too.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::entry;

/// What a field of the metadata holds.
enum Holds {
    Text,
    Number,
    Time,
    Texts,
    TextMap,
    Owners,
    Managers,
}

fn holds(field: &str) -> Option<Holds> {
    Some(match field {
        "name" | "generateName" | "namespace" | "selfLink" | "uid" | "resourceVersion" => Holds::Text,
        "generation" | "deletionGracePeriodSeconds" => Holds::Number,
        "creationTimestamp" | "deletionTimestamp" => Holds::Time,
        "finalizers" => Holds::Texts,
        "labels" | "annotations" => Holds::TextMap,
        "ownerReferences" => Holds::Owners,
        "managedFields" => Holds::Managers,
        _ => return None,
    })
}

const OWNER: [&str; 6] = ["apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion"];
const MANAGER: [&str; 7] = ["manager", "operation", "apiVersion", "time", "fieldsType", "fieldsV1", "subresource"];

/// Reads the metadata of an object in place. Returns the paths of unknown fields; the error is
/// that of a value of the wrong type.
pub(crate) fn coerce(object: &mut Value) -> Result<Vec<String>, String> {
    let Some(metadata) = object.get_mut("metadata") else {
        return Ok(Vec::new());
    };
    if metadata.is_null() {
        *metadata = Value::Object(Map::new());
    }
    let Value::Object(map) = metadata else {
        return Err(wrong_type(metadata, "", "v1.ObjectMeta"));
    };
    let mut unknown = Vec::new();
    let mut kept = Map::new();
    for (field, value) in std::mem::take(map) {
        let Some(kind) = holds(&field) else {
            unknown.push(format!("metadata.{field}"));
            continue;
        };
        if value.is_null() {
            continue;
        }
        let read = match kind {
            Holds::Text => of_type(value, Value::is_string, &field, "string")?,
            Holds::Number => of_type(value, |value| value.as_i64().is_some(), &field, "int64")?,
            Holds::Time => Value::String(time(value)?),
            Holds::Texts => texts(value, &field)?,
            Holds::TextMap => text_map(value, &field)?,
            Holds::Owners => records(value, &field, &OWNER, &mut unknown)?,
            Holds::Managers => records(value, &field, &MANAGER, &mut unknown)?,
        };
        // A given but empty managedFields asks for a reset, so it stays.
        if !is_empty(&read) || field == "managedFields" || field == "deletionGracePeriodSeconds" {
            kept.insert(field, read);
        }
    }
    *map = kept;
    unknown.sort();
    Ok(unknown)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Number(number) => number.as_i64() == Some(0),
        Value::Null => true,
        Value::Bool(_) => false,
    }
}

fn wrong_type(value: &Value, field: &str, expected: &str) -> String {
    let found = match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "bool".to_owned(),
        Value::Number(number) if expected == "int64" => format!("number {number}"),
        Value::Number(_) => "number".to_owned(),
        Value::String(_) => "string".to_owned(),
        Value::Array(_) => "array".to_owned(),
        Value::Object(_) => "object".to_owned(),
    };
    if field.is_empty() {
        format!("json: cannot unmarshal {found} into Go value of type {expected}")
    } else {
        format!("json: cannot unmarshal {found} into Go struct field ObjectMeta.{field} of type {expected}")
    }
}

fn of_type(value: Value, is: impl Fn(&Value) -> bool, field: &str, expected: &str) -> Result<Value, String> {
    if is(&value) { Ok(value) } else { Err(wrong_type(&value, field, expected)) }
}

/// A time in whole seconds, UTC.
fn time(value: Value) -> Result<String, String> {
    let Value::String(text) = value else {
        return Err("Time: unexpected type".to_owned());
    };
    let parsed: Timestamp =
        text.parse().map_err(|_| format!("parsing time \"{text}\" as \"2006-01-02T15:04:05Z07:00\": cannot parse"))?;
    Ok(parsed.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

fn texts(value: Value, field: &str) -> Result<Value, String> {
    let Value::Array(items) = value else {
        return Err(wrong_type(&value, field, "[]string"));
    };
    let items: Result<Vec<Value>, String> =
        items.into_iter().map(|item| of_type(item, Value::is_string, field, "string")).collect();
    items.map(Value::Array)
}

fn text_map(value: Value, field: &str) -> Result<Value, String> {
    let Value::Object(map) = value else {
        return Err(wrong_type(&value, field, "map[string]string"));
    };
    let mut out = Map::new();
    for (key, value) in map {
        let value = if value.is_null() { Value::String(String::new()) } else { value };
        out.insert(key, of_type(value, Value::is_string, field, "string")?);
    }
    Ok(Value::Object(out))
}

fn records(value: Value, field: &str, known: &[&str], unknown: &mut Vec<String>) -> Result<Value, String> {
    let Value::Array(items) = value else {
        return Err(wrong_type(&value, field, "[]"));
    };
    let mut out = Vec::with_capacity(items.len());
    for (i, item) in items.into_iter().enumerate() {
        let Value::Object(map) = item else {
            return Err(wrong_type(&item, field, ""));
        };
        let mut kept = Map::new();
        for (name, value) in map {
            if !known.contains(&name.as_str()) {
                unknown.push(format!("{}.{name}", entry(field, i)));
            } else if !value.is_null() {
                kept.insert(name, value);
            }
        }
        out.push(Value::Object(kept));
    }
    Ok(Value::Array(out))
}
