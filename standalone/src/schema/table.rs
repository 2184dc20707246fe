//! Tables: what `kubectl get` prints.

mod age;
mod builtin;
pub(crate) mod path;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::text::{go_json, go_number};
use crate::kind::{Column, Kind};
pub use age::human;
use path::JsonPath;

const NAME: &str = "Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names";
const AGE: &str = "CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";

/// The `columnDefinitions` of a kind.
pub fn columns(kind: &Kind) -> Vec<Value> {
    if !kind.custom
        && let Some(columns) = builtin::columns(&kind.kind)
    {
        return columns;
    }
    let define = |name: &str, type_: &str, format: &str, description: &str, priority: i32| {
        json!({
            "name": name,
            "type": type_,
            "format": format,
            "description": description,
            "priority": priority,
        })
    };
    let mut columns = vec![define("Name", "string", "name", NAME, 0)];
    columns.extend(printed(kind).iter().map(|column| {
        let described = if column.description.is_empty() {
            format!("Custom resource definition column (in JSONPath format): {}", column.json_path)
        } else {
            column.description.clone()
        };
        define(&column.name, &column.type_, &column.format, &described, column.priority)
    }));
    columns
}

/// The cells of one object, in the order of [`columns`].
pub fn cells(kind: &Kind, object: &Value, now: Timestamp) -> Vec<Value> {
    if !kind.custom
        && let Some(cells) = builtin::cells(&kind.kind, object, now)
    {
        return cells;
    }
    let mut cells = vec![object["metadata"]["name"].clone()];
    cells.extend(printed(kind).iter().map(|column| cell(column, object, now)));
    cells
}

/// The columns after the name; the age alone when a kind declares none.
fn printed(kind: &Kind) -> Vec<Column> {
    if !kind.columns.is_empty() {
        return kind.columns.clone();
    }
    vec![Column {
        name: "Age".to_owned(),
        type_: "date".to_owned(),
        description: AGE.to_owned(),
        json_path: ".metadata.creationTimestamp".to_owned(),
        ..Column::default()
    }]
}

fn cell(column: &Column, object: &Value, now: Timestamp) -> Value {
    let Ok(path) = JsonPath::parse(&column.json_path) else {
        return Value::Null;
    };
    let Some(value) = path.first(object) else {
        return Value::Null;
    };
    match (column.type_.as_str(), value) {
        ("string", Value::Null) => Value::Null,
        ("string", Value::String(text)) => text.as_str().into(),
        ("string", Value::Number(number)) => go_number(number).into(),
        ("string", other) => go_json(other).into(),
        ("integer", Value::Number(number)) => integer(number),
        ("number", Value::Number(_)) => value.clone(),
        ("boolean", Value::Bool(flag)) => (*flag).into(),
        ("date", Value::String(text)) => match text.parse() {
            Ok(time) => human(time, now).into(),
            Err(_) => "<invalid>".into(),
        },
        _ => Value::Null,
    }
}

#[allow(clippy::cast_possible_truncation)]
fn integer(number: &serde_json::Number) -> Value {
    match (number.as_i64(), number.as_f64()) {
        (Some(integer), _) => integer.into(),
        (None, Some(float)) => (float as i64).into(),
        (None, None) => Value::Null,
    }
}
