//! Defaulting: what the schema says a missing field is.

use serde_json::Value;

use super::node::{Additional, Node};

fn is_unwanted_null(value: &Value, node: &Node) -> bool {
    value.is_null() && !node.nullable
}

/// Fills in the defaults of the schema, and replaces nulls that may not be null.
pub(crate) fn default(node: &Node, value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (name, property) in &node.properties {
                let Some(default) = &property.default else { continue };
                let missing = map.get(name).is_none_or(|present| is_unwanted_null(present, property));
                if missing {
                    map.insert(name.clone(), default.clone());
                }
            }
            for (name, member) in map.iter_mut() {
                if let Some(property) = node.properties.get(name) {
                    default(property, member);
                } else if let Some(Additional::Of(values)) = &node.additional {
                    replace_null(values, member);
                    default(values, member);
                }
            }
        }
        Value::Array(items) => {
            let Some(schema) = &node.items else { return };
            for item in items {
                replace_null(schema, item);
                default(schema, item);
            }
        }
        _ => {}
    }
}

fn replace_null(node: &Node, value: &mut Value) {
    if is_unwanted_null(value, node)
        && let Some(default) = &node.default
    {
        *value = default.clone();
    }
}

/// Removes the nulls that are neither allowed nor replaced by a default.
pub(crate) fn prune_nulls(node: Option<&Node>, value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|name, member| {
                let schema = node.and_then(|node| node.field(name));
                let drop =
                    member.is_null() && schema.is_some_and(|schema| !schema.nullable && schema.default.is_none());
                if !drop {
                    prune_nulls(schema, member);
                }
                !drop
            });
        }
        Value::Array(items) => {
            let schema = node.and_then(|node| node.items.as_deref());
            for item in items {
                prune_nulls(schema, item);
            }
        }
        _ => {}
    }
}
