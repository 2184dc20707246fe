//! The CEL rules of a schema (`x-kubernetes-validations`).

mod evaluate;
mod rule;
mod value;

use serde_json::Value;

use super::node::{Additional, Node, child, index, key};
use super::validate::correlate::Correlation;
use crate::field_error::FieldError;
pub use rule::Rule;

/// Evaluates every rule of the object; transition rules see what was there before.
pub(crate) fn check(node: &Node, value: &Value, old: Option<&Value>, root: bool) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let old = old.map(|old| Correlation::new(node, old));
    walk(node, value, old, "", root, &mut errors);
    errors
}

fn walk(
    node: &Node,
    value: &Value,
    old: Option<Correlation<'_>>,
    path: &str,
    root: bool,
    errors: &mut Vec<FieldError>,
) {
    if value.is_null() {
        return;
    }
    evaluate::rules(node, value, old, path, root, errors);
    for branch in &node.all_of {
        walk(branch, value, old, path, false, errors);
    }
    match value {
        Value::Array(items) => {
            let Some(schema) = &node.items else { return };
            for (i, item) in items.iter().enumerate() {
                let old = old.and_then(|old| old.item(item));
                walk(schema, item, old, &index(path, i), false, errors);
            }
        }
        Value::Object(map) => {
            for (name, member) in map {
                let old = old.and_then(|old| old.member(name));
                if let Some(property) = node.properties.get(name) {
                    walk(property, member, old, &child(path, name), false, errors);
                } else if let Some(Additional::Of(values)) = &node.additional {
                    walk(values, member, old, &key(path, name), false, errors);
                }
            }
        }
        _ => {}
    }
}
