//! Validation of a value against a schema, in the order and the words of the API server.

mod branches;
pub(crate) mod correlate;
pub(crate) mod format;
pub(crate) mod list;
mod scalar;
mod types;

use serde_json::{Map, Value};

use super::node::{Additional, Node, child};
use crate::field_error::FieldError;
use correlate::Correlation;

/// What one place and everything below it came to. `matches` counts the checks made, by which
/// the closest of several alternatives is chosen.
#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) errors: Vec<FieldError>,
    pub(crate) matches: usize,
}

impl Outcome {
    fn add(&mut self, error: FieldError) {
        if !self.errors.contains(&error) {
            self.errors.push(error);
        }
    }

    fn merge(&mut self, other: Outcome) {
        for error in other.errors {
            self.add(error);
        }
        self.matches += other.matches;
    }

    fn is_valid(&self) -> bool {
        self.errors.is_empty()
    }
}

/// Where a value stands: the path the messages name, and the field the errors are filed under.
#[derive(Clone)]
pub(crate) struct At<'a> {
    base: &'a str,
    name: String,
}

impl<'a> At<'a> {
    pub(crate) fn root(base: &'a str) -> Self {
        Self { base, name: String::new() }
    }

    fn to(&self, name: String) -> Self {
        Self { base: self.base, name }
    }

    fn field(&self) -> String {
        let name = self.name.strip_prefix('.').unwrap_or(&self.name);
        if name.is_empty() { self.base.to_owned() } else { child(self.base, name) }
    }

    fn says(&self, what: &str) -> String {
        format!("{} in body {what}", self.name)
    }

    fn invalid(&self, value: &Value, what: &str) -> FieldError {
        FieldError::invalid(self.field(), value, self.says(what))
    }
}

/// Validates `value`, forgiving what did not change since `old`.
pub(crate) fn validate(node: &Node, value: &Value, old: Option<Correlation<'_>>, base: &str) -> Vec<FieldError> {
    walk(node, value, old, &At::root(base)).errors
}

/// Validates one place, then forgives all of it when the value there did not change.
fn walk(node: &Node, value: &Value, old: Option<Correlation<'_>>, at: &At<'_>) -> Outcome {
    let outcome = check(node, value, old, at);
    match old {
        Some(old) if !outcome.is_valid() && old.unchanged(value) => {
            Outcome { errors: Vec::new(), matches: outcome.matches }
        }
        _ => outcome,
    }
}

/// Validates one place without forgiving it as a whole (its children may still be forgiven).
fn check(node: &Node, value: &Value, old: Option<Correlation<'_>>, at: &At<'_>) -> Outcome {
    let mut out = Outcome::default();
    if value.is_null() {
        out.merge(types::check(node, value, at));
        if let Some(error) = types::enumerated(node, value, at) {
            out.add(error);
        }
        return out;
    }
    if types::applies(node) {
        out.merge(types::check(node, value, at));
        out.matches += 1;
    }
    out.merge(branches::check(node, value, old, at));
    out.matches += 1;
    match value {
        Value::String(text) => {
            out.errors.extend(scalar::text(&node.limits, text, at));
            out.matches += 1;
            if let Some((name, format)) = &node.limits.format {
                if !format.accepts(text) {
                    out.add(types::wrong(at, name, text));
                }
                out.matches += 1;
            }
        }
        Value::Number(number) => {
            for error in scalar::number(&node.limits, number, at) {
                out.add(error);
            }
            out.matches += 2;
        }
        Value::Array(items) => {
            out.merge(array(node, items, old, at));
            out.matches += 1;
        }
        _ => {}
    }
    if let Some(error) = types::enumerated(node, value, at) {
        out.add(error);
    }
    out.matches += 1;
    if let Value::Object(map) = value {
        out.merge(object(node, map, old, at));
        out.matches += 1;
    }
    out.matches += 1;
    out
}

fn array(node: &Node, items: &[Value], old: Option<Correlation<'_>>, at: &At<'_>) -> Outcome {
    let mut out = Outcome::default();
    if let Some(schema) = &node.items {
        for (i, item) in items.iter().enumerate() {
            let at = at.to(format!("{}[{i}]", at.name));
            let old = old.and_then(|old| old.item(item));
            out.merge(walk(schema, item, old, &at));
        }
    }
    let (min, max) = node.limits.items;
    let size = i64::try_from(items.len()).unwrap_or(i64::MAX);
    if let Some(min) = min.filter(|min| size < *min) {
        out.add(at.invalid(&size.into(), &format!("should have at least {min} items")));
    }
    if let Some(max) = max.filter(|max| size > *max) {
        out.add(FieldError::too_many(at.field(), items.len(), max));
    }
    if node.limits.unique_items && items.iter().enumerate().any(|(i, item)| items[..i].contains(item)) {
        out.add(at.invalid(&"".into(), "shouldn't contain duplicates"));
    }
    out.matches += 1;
    out
}

fn object(node: &Node, map: &Map<String, Value>, old: Option<Correlation<'_>>, at: &At<'_>) -> Outcome {
    let mut out = Outcome::default();
    let (min, max) = node.limits.properties;
    let size = i64::try_from(map.len()).unwrap_or(i64::MAX);
    if let Some(min) = min.filter(|min| size < *min) {
        out.add(at.invalid(&size.into(), &format!("should have at least {min} properties")));
    }
    if let Some(max) = max.filter(|max| size > *max) {
        out.add(FieldError::too_many(at.field(), map.len(), max));
    }
    for (name, value) in map {
        let below = format!("{}.{name}", at.name);
        match (node.properties.get(name), &node.additional) {
            (Some(property), _) => {
                let below = if at.name.is_empty() { name.clone() } else { below };
                let typed = at.name.is_empty() && matches!(name.as_str(), "kind" | "apiVersion");
                let old = old.filter(|_| !typed).and_then(|old| old.member(name));
                out.merge(walk(property, value, old, &at.to(below)));
            }
            (None, Some(Additional::Of(values))) => {
                let old = old.and_then(|old| old.member(name));
                out.merge(walk(values, value, old, &at.to(below)));
            }
            (None, Some(Additional::None)) => {
                let message = format!("{below} in body is a forbidden property");
                out.add(FieldError::invalid(at.field(), &name.as_str().into(), message));
            }
            (None, Some(Additional::Any) | None) => {}
        }
    }
    for name in &node.limits.required {
        if !map.contains_key(name) {
            let missing = at.to(format!("{}.{name}", at.name));
            out.add(FieldError::required(missing.field(), ""));
        }
    }
    out
}
