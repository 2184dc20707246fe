//! Old and new values side by side: what did not change is not refused again on an update.

use serde_json::Value;

use crate::schema::node::{ListType, Node};

/// The value a place had before, with its schema.
#[derive(Clone, Copy)]
pub(crate) struct Correlation<'a> {
    node: &'a Node,
    old: &'a Value,
}

impl<'a> Correlation<'a> {
    pub(crate) fn new(node: &'a Node, old: &'a Value) -> Self {
        Self { node, old }
    }

    /// The value itself.
    pub(crate) fn value(self) -> &'a Value {
        self.old
    }

    /// What a key of a map had before.
    pub(crate) fn member(self, name: &str) -> Option<Self> {
        let old = self.old.as_object()?.get(name)?;
        Some(Self::new(self.node.field(name)?, old))
    }

    /// What the item of the same name had before; only lists of type map have names that last.
    pub(crate) fn item(self, item: &Value) -> Option<Self> {
        let old = find_by_keys(self.node, self.old.as_array()?, item)?;
        Some(Self::new(self.node.items.as_deref()?, old))
    }

    /// Whether nothing changed here.
    pub(crate) fn unchanged(self, new: &Value) -> bool {
        match (self.old, new) {
            (Value::Array(old), Value::Array(new)) => {
                if self.node.list_type != ListType::Map {
                    return old == new;
                }
                old.len() == new.len() && new.iter().all(|item| self.item(item).is_some_and(|old| old.unchanged(item)))
            }
            (Value::Object(old), Value::Object(new)) => {
                old.len() == new.len()
                    && new.iter().all(|(name, value)| self.member(name).is_some_and(|old| old.unchanged(value)))
            }
            (old, new) => old == new,
        }
    }
}

/// The item of a list of type map that has the same keys as `item`.
pub(crate) fn find_by_keys<'a>(node: &Node, list: &'a [Value], item: &Value) -> Option<&'a Value> {
    if node.list_type != ListType::Map || !item.is_object() {
        return None;
    }
    list.iter().find(|old| old.is_object() && node.list_map_keys.iter().all(|key| old.get(key) == item.get(key)))
}
