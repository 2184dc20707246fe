//! What changed between two versions of an object, field by field.

use std::collections::BTreeMap;

use serde_json::Value;

use super::element;
use super::path::{Path, PathElement};
use super::set::Set;
use super::types::{Form, Items, List, Map, Type};

/// The fields that differ. No field is in more than one of the sets.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    pub(crate) removed: Set,
    pub(crate) modified: Set,
    pub(crate) added: Set,
}

impl Comparison {
    /// Leaves out some fields and everything below them.
    pub(crate) fn without(self, fields: &Set) -> Self {
        Self {
            removed: self.removed.recursive_difference(fields),
            modified: self.modified.recursive_difference(fields),
            added: self.added.recursive_difference(fields),
        }
    }
}

/// Compares two objects of one type.
pub(crate) fn compare(at: Type<'_>, old: &Value, new: &Value) -> Comparison {
    let mut walker = Walker { path: Vec::new(), out: Comparison::default() };
    walker.node(at, Some(old), Some(new));
    walker.out
}

/// Whether two values are one to the API: numbers by value, whatever they are written like.
pub(crate) fn equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one == other || one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| equal(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(name, value)| other.get(name).is_some_and(|other| equal(value, other)))
        }
        _ => one == other,
    }
}

struct Walker {
    path: Path,
    out: Comparison,
}

impl Walker {
    fn node(&mut self, at: Type<'_>, old: Option<&Value>, new: Option<&Value>) {
        let leaf = match (old, new) {
            (Some(old_value), Some(new_value)) if !same_form(old_value, new_value) => {
                let first = self.form(at.form(Some(old_value)), old, new);
                // A leaf has been compared as a whole; the other form then adds what is below.
                let second = self.form(at.form(Some(new_value)), old, new);
                first && second
            }
            (_, Some(_)) => self.form(at.form(new), old, new),
            (_, None) => self.form(at.form(old), old, new),
        };
        if leaf {
            return;
        }
        match (old, new) {
            (None, _) => self.out.added.insert(&self.path),
            (_, None) => self.out.removed.insert(&self.path),
            _ => {}
        }
    }

    /// Compares in one form; says whether the place is a leaf in it.
    fn form(&mut self, form: Form<'_>, old: Option<&Value>, new: Option<&Value>) -> bool {
        match form {
            Form::Scalar(_) => self.leaf(old, new),
            Form::List(list) => self.lists(&list, old, new),
            Form::Map(map) => self.maps(&map, old, new),
        }
    }

    fn leaf(&mut self, old: Option<&Value>, new: Option<&Value>) -> bool {
        match (old, new) {
            (None, _) => self.out.added.insert(&self.path),
            (_, None) => self.out.removed.insert(&self.path),
            (Some(old), Some(new)) if !equal(old, new) => self.out.modified.insert(&self.path),
            _ => {}
        }
        true
    }

    fn maps(&mut self, map: &Map<'_>, old: Option<&Value>, new: Option<&Value>) -> bool {
        let (before, after) = (old.and_then(Value::as_object), new.and_then(Value::as_object));
        let empty = |map: Option<&serde_json::Map<String, Value>>| map.is_none_or(serde_json::Map::is_empty);
        if map.atomic || (empty(before) && empty(after)) {
            return self.leaf(old, new);
        }
        let names = before.into_iter().flatten().map(|(name, _)| name);
        let added = after
            .into_iter()
            .flatten()
            .map(|(name, _)| name)
            .filter(|name| before.is_none_or(|map| !map.contains_key(*name)));
        for name in names.chain(added) {
            let below = map.member(name).unwrap_or(Type::Untyped);
            let (old, new) = (before.and_then(|map| map.get(name)), after.and_then(|map| map.get(name)));
            self.step(PathElement::Field(name.clone()), below, old, new);
        }
        false
    }

    fn step(&mut self, element: PathElement, at: Type<'_>, old: Option<&Value>, new: Option<&Value>) {
        self.path.push(element);
        self.node(at, old, new);
        self.path.pop();
    }

    fn lists(&mut self, list: &List<'_>, old: Option<&Value>, new: Option<&Value>) -> bool {
        let items =
            |value: Option<&Value>| -> Vec<Value> { value.and_then(Value::as_array).cloned().unwrap_or_default() };
        let (before, after) = (items(old), items(new));
        if list.by == Items::Atomic || (before.is_empty() && after.is_empty()) {
            return self.leaf(old, new);
        }
        let (before, after) = (grouped(list, &before), grouped(list, &after));
        let mut names: Vec<&PathElement> = before.keys().collect();
        names.extend(after.keys().filter(|name| !before.contains_key(*name)));
        for name in names {
            let none: &[&Value] = &[];
            let old = before.get(name).map_or(none, Vec::as_slice);
            let new = after.get(name).map_or(none, Vec::as_slice);
            self.items(name, list, old, new);
        }
        false
    }

    /// Compares the items of one name; several of one name count as one value.
    fn items(&mut self, name: &PathElement, list: &List<'_>, old: &[&Value], new: &[&Value]) {
        let mut here = self.path.clone();
        here.push(name.clone());
        match (old, new) {
            ([] | [_], [] | [_]) => {
                self.step(name.clone(), list.items(), old.first().copied(), new.first().copied());
            }
            ([_, _, ..], [_, _, ..]) => {
                let same = old.len() == new.len() && old.iter().zip(new).all(|(old, new)| equal(old, new));
                if !same {
                    self.out.modified.insert(&here);
                }
            }
            ([_, _, ..], _) => {
                if let Some(new) = new.first() {
                    self.step(name.clone(), list.items(), None, Some(new));
                }
                self.out.removed.insert(&here);
            }
            _ => {
                if let Some(old) = old.first() {
                    self.step(name.clone(), list.items(), Some(old), None);
                }
                self.out.added.insert(&here);
            }
        }
    }
}

/// Items without a name are left out; validation refuses them elsewhere.
fn grouped<'a>(list: &List<'_>, items: &'a [Value]) -> BTreeMap<PathElement, Vec<&'a Value>> {
    let mut out: BTreeMap<PathElement, Vec<&Value>> = BTreeMap::new();
    for item in items {
        if let Ok(name) = element::name(list, item) {
            out.entry(name).or_default().push(item);
        }
    }
    out
}

/// Whether two values take one form, so that they are compared once.
fn same_form(one: &Value, other: &Value) -> bool {
    let form = |value: &Value| match value {
        Value::Object(_) => 0,
        Value::Array(_) => 1,
        Value::Null => 2,
        _ => 3,
    };
    form(one) == form(other)
}
