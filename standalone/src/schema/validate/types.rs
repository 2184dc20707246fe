//! The type of a value, and the enumeration of the values it may have.

use serde_json::Value;

use super::{At, Outcome};
use crate::field_error::FieldError;
use crate::schema::node::Node;
use crate::schema::text::{go_json, go_quote};

/// Whether the schema says anything about the type.
pub(super) fn applies(node: &Node) -> bool {
    node.int_or_string || !node.kind.is_empty() || node.limits.format.is_some()
}

/// The JSON type and the format of a value as the validator names them.
fn describe(value: &Value) -> (&'static str, &'static str) {
    match value {
        Value::Null => ("null", ""),
        Value::Bool(_) => ("boolean", ""),
        Value::Number(number) if number.is_f64() => ("number", "float64"),
        Value::Number(_) => ("integer", "int64"),
        Value::String(_) => ("string", ""),
        Value::Array(_) => ("array", ""),
        Value::Object(_) => ("object", ""),
    }
}

/// `must be of type string: "integer"`.
pub(super) fn wrong(at: &At<'_>, expected: &str, found: &str) -> FieldError {
    let says = at.says(&format!("must be of type {expected}: {}", go_quote(found)));
    FieldError::type_invalid(at.field(), &found.into(), &says)
}

/// Checks the type of a value.
pub(super) fn check(node: &Node, value: &Value, at: &At<'_>) -> Outcome {
    let mut out = Outcome::default();
    let expected = node.types();
    let listed = expected.join(",");
    let (found, format) = describe(value);
    if value.is_null() {
        if expected.is_empty() || node.nullable {
            out.matches = 1;
        } else {
            out.add(wrong(at, &listed, found));
        }
        return out;
    }
    let float_as_integer =
        value.as_f64().is_some_and(|float| float.fract() == 0.0) && found == "number" && expected.contains(&"integer");
    let integer_as_number = found == "integer" && expected.contains(&"number");
    let fits = expected.contains(&found) || float_as_integer || integer_as_number;
    let textual = matches!(value, Value::String(_) | Value::Array(_));
    if let Some((name, _)) = &node.limits.format {
        if !textual && !fits {
            out.add(wrong(at, name, format));
            return out;
        }
        // The format speaks for the type of a text (and, oddly, of a list).
        if textual && !expected.iter().any(|kind| matches!(*kind, "number" | "integer")) {
            out.matches = 1;
            return out;
        }
    }
    if fits {
        out.matches = 1;
    } else {
        out.add(wrong(at, &listed, found));
    }
    out
}

/// Checks that a value is one of the enumerated ones.
pub(super) fn enumerated(node: &Node, value: &Value, at: &At<'_>) -> Option<FieldError> {
    let allowed = &node.limits.enumeration;
    if allowed.is_empty() || (!value.is_null() && allowed.iter().any(|one| same(one, value))) {
        return None;
    }
    let listed: Vec<String> =
        allowed.iter().map(|one| one.as_str().map_or_else(|| go_json(one), str::to_owned)).collect();
    Some(FieldError::not_supported(at.field(), value, &listed))
}

/// Equality after conversion between integers and floats.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        _ => one == other,
    }
}
