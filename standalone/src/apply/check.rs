//! Whether an applied configuration fits its schema, in the words of the API server.

use serde_json::Value;

use super::element;
use super::path::PathElement;
use super::types::{Form, Items, List, Map, Scalar, Type};
use crate::schema::text::{go_number, go_quote};

/// What does not fit, with the path of it. Only stored objects may repeat items of a list.
pub(crate) fn check(at: Type<'_>, object: &Value, repeats: bool) -> Vec<String> {
    let mut errors = Vec::new();
    node(at, object, "", repeats, &mut errors);
    errors
}

/// The errors as one message.
pub(crate) fn message(errors: &[String]) -> String {
    match errors {
        [only] => only.clone(),
        many => {
            let mut lines = vec!["errors:".to_owned()];
            lines.extend(many.iter().map(|error| format!("  {error}")));
            lines.join("\n")
        }
    }
}

fn say(path: &str, what: &str, errors: &mut Vec<String>) {
    errors.push(if path.is_empty() { what.to_owned() } else { format!("{path}: {what}") });
}

fn node(at: Type<'_>, value: &Value, path: &str, repeats: bool, errors: &mut Vec<String>) {
    match at.form(Some(value)) {
        Form::Scalar(scalar) => {
            if let Some(wrong) = scalar_error(scalar, value) {
                say(path, &wrong, errors);
            }
        }
        Form::List(list) => items(&list, value, path, repeats, errors),
        Form::Map(map) => members(&map, value, path, repeats, errors),
    }
}

fn scalar_error(scalar: Scalar, value: &Value) -> Option<String> {
    let fits = match value {
        Value::Null => true,
        Value::Number(_) => matches!(scalar, Scalar::Numeric | Scalar::Any),
        Value::String(_) => matches!(scalar, Scalar::Text | Scalar::Any),
        Value::Bool(_) => matches!(scalar, Scalar::Boolean | Scalar::Any),
        Value::Array(_) | Value::Object(_) => false,
    };
    (!fits).then(|| match scalar {
        Scalar::Numeric => format!("expected numeric (int or float), got {}", go_type(value)),
        Scalar::Text => format!("expected string, got &value.valueUnstructured{{Value:{}}}", go_syntax(value)),
        Scalar::Boolean => format!("expected boolean, got &{{{}}}", go_plain(value)),
        Scalar::Any => format!("expected any scalar, got &{{{}}}", go_plain(value)),
    })
}

fn members(map: &Map<'_>, value: &Value, path: &str, repeats: bool, errors: &mut Vec<String>) {
    let object = match value {
        Value::Null => return,
        Value::Object(object) => object,
        other => return say(path, &format!("expected map, got &{{{}}}", go_plain(other)), errors),
    };
    for (name, member) in object {
        let path = format!("{path}{}", PathElement::Field(name.clone()));
        match map.member(name) {
            Some(below) => node(below, member, &path, repeats, errors),
            None => return say(&path, "field not declared in schema", errors),
        }
    }
}

fn items(list: &List<'_>, value: &Value, path: &str, repeats: bool, errors: &mut Vec<String>) {
    let items = match value {
        Value::Null => return,
        Value::Array(items) => items,
        other => return say(path, &format!("expected list, got &{{{}}}", go_plain(other)), errors),
    };
    let mut seen = std::collections::BTreeSet::new();
    for (i, item) in items.iter().enumerate() {
        let name = if list.by == Items::Atomic {
            PathElement::Index(i)
        } else {
            match element::name(list, item) {
                Ok(name) => name,
                Err(error) => return say(path, &format!("element {i}: {error}"), errors),
            }
        };
        if !seen.insert(name.clone()) && !repeats {
            say(path, &format!("duplicate entries for key {name}"), errors);
        }
        node(list.items(), item, &format!("{path}{name}"), repeats, errors);
    }
}

fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

/// A value as Go's `%v` prints it.
fn go_plain(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => go_number(number),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(go_plain).collect();
            format!("[{}]", items.join(" "))
        }
        Value::Object(map) => {
            let mut members: Vec<String> =
                map.iter().map(|(name, member)| format!("{name}:{}", go_plain(member))).collect();
            members.sort();
            format!("map[{}]", members.join(" "))
        }
    }
}

/// A value as Go's `%#v` prints it.
fn go_syntax(value: &Value) -> String {
    match value {
        Value::Null => "interface {}(nil)".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => go_number(number),
        Value::String(text) => go_quote(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(go_syntax).collect();
            format!("[]interface {{}}{{{}}}", items.join(", "))
        }
        Value::Object(map) => {
            let mut members: Vec<String> =
                map.iter().map(|(name, member)| format!("{}:{}", go_quote(name), go_syntax(member))).collect();
            members.sort();
            format!("map[string]interface {{}}{{{}}}", members.join(", "))
        }
    }
}
