//! Pruning: fields the schema does not know are dropped, and named when asked for.

use serde_json::{Map, Value};

use super::node::{Additional, Node, child, index};

const META: [&str; 3] = ["apiVersion", "kind", "metadata"];

/// Drops what the schema does not know and returns the paths of it, sorted. The type and the
/// metadata of the object itself (`root`), and of embedded resources, stay.
pub(crate) fn prune(node: &Node, value: &mut Value, root: bool) -> Vec<String> {
    let mut pruner = Pruner::default();
    if node.preserve_unknown {
        pruner.keep(value, node, root || node.embedded, "");
    } else {
        pruner.prune(value, Some(node), root || node.embedded, "");
    }
    pruner.unknown.sort();
    pruner.unknown
}

#[derive(Default)]
struct Pruner {
    unknown: Vec<String>,
}

impl Pruner {
    fn prune(&mut self, value: &mut Value, node: Option<&Node>, embedded: bool, path: &str) {
        if let Some(node) = node
            && node.preserve_unknown
        {
            return self.keep(value, node, embedded, path);
        }
        match value {
            Value::Object(map) => {
                if let Some(node) = node {
                    self.prune_map(map, node, embedded, path);
                } else {
                    self.unknown.extend(map.keys().map(|name| child(path, name)));
                    map.clear();
                }
            }
            Value::Array(items) => {
                let schema = node.and_then(|node| node.items.as_deref());
                for (i, item) in items.iter_mut().enumerate() {
                    self.step(item, schema, &index(path, i));
                }
            }
            _ => {}
        }
    }

    fn step(&mut self, value: &mut Value, node: Option<&Node>, path: &str) {
        self.prune(value, node, node.is_some_and(|node| node.embedded), path);
    }

    fn prune_map(&mut self, map: &mut Map<String, Value>, node: &Node, embedded: bool, path: &str) {
        map.retain(|name, member| {
            if embedded && META.contains(&name.as_str()) {
                return true;
            }
            let at = child(path, name);
            if let Some(property) = node.properties.get(name) {
                self.step(member, Some(property), &at);
                return true;
            }
            match &node.additional {
                Some(Additional::Of(values)) => self.step(member, Some(values), &at),
                Some(Additional::Any | Additional::None) => self.step(member, None, &at),
                None => {
                    if !(path.is_empty() && META.contains(&name.as_str())) {
                        self.unknown.push(at);
                    }
                    return false;
                }
            }
            true
        });
    }

    /// Below `x-kubernetes-preserve-unknown-fields`: unknown fields stay, known ones are looked at.
    fn keep(&mut self, value: &mut Value, node: &Node, embedded: bool, path: &str) {
        match value {
            Value::Object(map) => {
                for (name, member) in map.iter_mut() {
                    if embedded && META.contains(&name.as_str()) {
                        continue;
                    }
                    let at = child(path, name);
                    if let Some(property) = node.properties.get(name) {
                        self.step(member, Some(property), &at);
                    } else {
                        match &node.additional {
                            Some(Additional::Of(values)) => self.step(member, Some(values), &at),
                            Some(_) => self.step(member, None, &at),
                            None => {}
                        }
                    }
                }
            }
            Value::Array(items) => {
                let Some(schema) = &node.items else { return };
                for (i, item) in items.iter_mut().enumerate() {
                    self.keep(item, schema, schema.embedded, &index(path, i));
                }
            }
            _ => {}
        }
    }
}
