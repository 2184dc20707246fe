//! JSON values as CEL sees them through their schema.

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kube_cel::cel::Value as CelValue;
use kube_cel::cel::objects::{Key, Map};
use serde_json::Value;

use crate::schema::node::{Additional, Node};
use crate::schema::validate::format::{Format, parse_duration};

/// Converts a value; `root` objects always have a type and metadata.
pub(super) fn to_cel(node: &Node, value: &Value, root: bool) -> CelValue {
    match value {
        Value::Object(map) => {
            let is_map = matches!(node.additional, Some(Additional::Of(_) | Additional::Any));
            let mut out = HashMap::with_capacity(map.len());
            for (name, member) in map {
                let cel = match node.field(name) {
                    Some(schema) => to_cel(schema, member, false),
                    None => untyped(member),
                };
                let name = if is_map { name.clone() } else { escape(name) };
                out.insert(Key::String(Arc::new(name)), cel);
            }
            if root || node.embedded {
                for name in ["apiVersion", "kind"] {
                    out.entry(key(name)).or_insert_with(|| text(""));
                }
                out.entry(key("metadata")).or_insert_with(|| CelValue::Map(Map { map: Arc::new(HashMap::new()) }));
            }
            CelValue::Map(Map { map: Arc::new(out) })
        }
        Value::Array(items) => {
            let converted = items.iter().map(|item| match &node.items {
                Some(schema) => to_cel(schema, item, false),
                None => untyped(item),
            });
            CelValue::List(Arc::new(converted.collect()))
        }
        Value::String(string) if !node.int_or_string && node.kind == "string" => {
            formatted(node, string).unwrap_or_else(|| text(string))
        }
        Value::Number(number) if node.kind == "number" => CelValue::Float(number.as_f64().unwrap_or(f64::NAN)),
        Value::Number(number) if node.kind == "integer" && number.is_f64() => {
            integer(number.as_f64().unwrap_or(f64::NAN))
        }
        other => untyped(other),
    }
}

#[allow(clippy::cast_possible_truncation)]
fn integer(float: f64) -> CelValue {
    CelValue::Int(float as i64)
}

fn key(name: &str) -> Key {
    Key::String(Arc::new(name.to_owned()))
}

fn text(string: &str) -> CelValue {
    CelValue::String(Arc::new(string.to_owned()))
}

/// Texts of some formats are values of their own in CEL.
fn formatted(node: &Node, string: &str) -> Option<CelValue> {
    match node.limits.format.as_ref()?.1 {
        Format::DateTime => chrono::DateTime::parse_from_rfc3339(string).ok().map(CelValue::Timestamp),
        Format::Date => chrono::NaiveDate::parse_from_str(string, "%Y-%m-%d")
            .ok()
            .and_then(|date| date.and_hms_opt(0, 0, 0))
            .map(|midnight| CelValue::Timestamp(midnight.and_utc().fixed_offset())),
        Format::Duration => {
            parse_duration(string).map(|nanos| CelValue::Duration(chrono::Duration::nanoseconds(nanos)))
        }
        Format::Byte => STANDARD.decode(string).ok().map(|bytes| CelValue::Bytes(Arc::new(bytes))),
        _ => None,
    }
}

fn untyped(value: &Value) -> CelValue {
    match value {
        Value::Null => CelValue::Null,
        Value::Bool(bool) => CelValue::Bool(*bool),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(signed), _) => CelValue::Int(signed),
            (None, Some(unsigned)) => CelValue::UInt(unsigned),
            (None, None) => CelValue::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(string) => text(string),
        Value::Array(items) => CelValue::List(Arc::new(items.iter().map(untyped).collect())),
        Value::Object(map) => {
            let map = map.iter().map(|(name, member)| (Key::String(Arc::new(escape(name))), untyped(member)));
            CelValue::Map(Map { map: Arc::new(map.collect()) })
        }
    }
}

/// The words of CEL that cannot be names.
const RESERVED: [&str; 21] = [
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// A property name as a CEL identifier.
fn escape(name: &str) -> String {
    if RESERVED.contains(&name) {
        return format!("__{name}__");
    }
    name.replace("__", "__underscores__").replace('.', "__dot__").replace('-', "__dash__").replace('/', "__slash__")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_names_as_the_api_server() {
        for (name, escaped) in [
            ("plan", "plan"),
            ("display_name", "display_name"),
            ("a__b", "a__underscores__b"),
            ("namespace", "__namespace__"),
            ("a-b", "a__dash__b"),
            ("a.b/c", "a__dot__b__slash__c"),
        ] {
            assert_eq!(escape(name), escaped);
        }
    }
}
