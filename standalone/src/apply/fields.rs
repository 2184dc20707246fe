//! The fields an object mentions.

use std::collections::BTreeSet;

use serde_json::Value;

use super::element;
use super::path::{Path, PathElement};
use super::set::Set;
use super::types::{Form, Items, List, Map, Type};

/// Every leaf of the object, every item of its lists, and every entry of its maps.
pub(crate) fn of(at: Type<'_>, object: &Value) -> Set {
    let mut walker = Walker::default();
    walker.node(at, object);
    walker.out
}

#[derive(Default)]
struct Walker {
    path: Path,
    out: Set,
}

impl Walker {
    fn node(&mut self, at: Type<'_>, value: &Value) {
        match at.form(Some(value)) {
            Form::Scalar(_) => self.out.insert(&self.path),
            Form::List(list) if list.by == Items::Atomic => self.out.insert(&self.path),
            Form::List(list) => self.list(&list, value),
            Form::Map(map) if map.atomic => self.out.insert(&self.path),
            Form::Map(map) => self.map(&map, value),
        }
    }

    fn map(&mut self, map: &Map<'_>, value: &Value) {
        for (name, member) in value.as_object().into_iter().flatten() {
            self.path.push(PathElement::Field(name.clone()));
            self.node(map.member(name).unwrap_or(Type::Untyped), member);
            let empty = member.is_null() || member.as_object().is_some_and(serde_json::Map::is_empty);
            if empty || !map.names(name) {
                self.out.insert(&self.path);
            }
            self.path.pop();
        }
    }

    fn list(&mut self, list: &List<'_>, value: &Value) {
        let items = value.as_array().map_or(&[][..], Vec::as_slice);
        let names: Vec<Option<PathElement>> = items.iter().map(|item| element::name(list, item).ok()).collect();
        let mut seen = BTreeSet::new();
        let repeated: BTreeSet<PathElement> =
            names.iter().flatten().filter(|name| !seen.insert((*name).clone())).cloned().collect();
        for (name, item) in names.iter().zip(items) {
            let Some(name) = name else { continue };
            self.path.push(name.clone());
            if !repeated.contains(name) {
                self.node(list.items(), item);
            }
            self.out.insert(&self.path);
            self.path.pop();
        }
    }
}
