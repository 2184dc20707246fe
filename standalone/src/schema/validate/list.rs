//! Lists of type set and map: no two items may have one name.

use serde_json::{Map, Value};

use crate::field_error::FieldError;
use crate::schema::node::{Additional, ListType, Node, child, index, key};

/// Finds the items that repeat another one, everywhere in the object.
pub(crate) fn check(node: &Node, value: &Value, path: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    walk(node, value, path, &mut errors);
    errors
}

fn walk(node: &Node, value: &Value, path: &str, errors: &mut Vec<FieldError>) {
    match value {
        Value::Object(map) => {
            for (name, member) in map {
                if let Some(property) = node.properties.get(name) {
                    walk(property, member, &child(path, name), errors);
                } else if let Some(Additional::Of(values)) = &node.additional {
                    walk(values, member, &key(path, name), errors);
                }
            }
        }
        Value::Array(items) => {
            match node.list_type {
                ListType::Atomic => {}
                ListType::Set => repeated(items, Value::clone, path, errors),
                ListType::Map => map_list(node, items, path, errors),
            }
            if let Some(schema) = &node.items {
                for (i, item) in items.iter().enumerate() {
                    walk(schema, item, &index(path, i), errors);
                }
            }
        }
        _ => {}
    }
}

fn map_list(node: &Node, items: &[Value], path: &str, errors: &mut Vec<FieldError>) {
    for (i, item) in items.iter().enumerate() {
        if !item.is_object() && !item.is_null() {
            let detail = "must be an object for an array of list-type map";
            errors.push(FieldError::invalid(index(path, i), item, detail));
            return;
        }
    }
    let name = |item: &Value| {
        let mut name = Map::new();
        for key in &node.list_map_keys {
            if let Some(value) = item.get(key) {
                name.insert(key.clone(), value.clone());
            }
        }
        Value::Object(name)
    };
    repeated(items, name, path, errors);
}

/// Names the second of the items that have one name (and not the third).
fn repeated(items: &[Value], name: impl Fn(&Value) -> Value, path: &str, errors: &mut Vec<FieldError>) {
    let names: Vec<Value> = items.iter().map(name).collect();
    for (i, name) in names.iter().enumerate() {
        let before = names[..i].iter().filter(|earlier| *earlier == name).count();
        if before == 1 {
            errors.push(FieldError::duplicate(index(path, i), Some(name)));
        }
    }
}
