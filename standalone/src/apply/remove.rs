//! Removing a set of fields from an object.

use serde_json::{Map as JsonMap, Value};

use super::element;
use super::path::PathElement;
use super::set::Set;
use super::types::{Form, Items, List, Map, Type};

/// The object without the members of the set.
pub(crate) fn remove(at: Type<'_>, value: &Value, fields: &Set) -> Value {
    match at.form(Some(value)) {
        Form::Scalar(_) => value.clone(),
        Form::List(list) => items(&list, value, fields),
        Form::Map(map) => members(&map, value, fields),
    }
}

/// What is left of a value that has members below it in the set: atomic ones lose everything.
fn members(map: &Map<'_>, value: &Value, fields: &Set) -> Value {
    let Some(object) = value.as_object().filter(|object| !object.is_empty() && !map.atomic) else {
        return Value::Null;
    };
    let mut out = JsonMap::new();
    for (name, member) in object {
        let element = PathElement::Field(name.clone());
        if fields.members.contains(&element) {
            continue;
        }
        let kept = match fields.below(&element) {
            Some(below) => remove(map.member(name).unwrap_or(Type::Untyped), member, below),
            None => member.clone(),
        };
        out.insert(name.clone(), kept);
    }
    if out.is_empty() { Value::Null } else { Value::Object(out) }
}

fn items(list: &List<'_>, value: &Value, fields: &Set) -> Value {
    let Some(items) = value.as_array().filter(|items| !items.is_empty() && list.by != Items::Atomic) else {
        return Value::Null;
    };
    let mut out = Vec::with_capacity(items.len());
    for item in items {
        let Ok(name) = element::name(list, item) else {
            out.push(item.clone());
            continue;
        };
        if fields.members.contains(&name) {
            continue;
        }
        out.push(match fields.below(&name) {
            Some(below) => remove(list.items(), item, below),
            None => item.clone(),
        });
    }
    if out.is_empty() { Value::Null } else { Value::Array(out) }
}
