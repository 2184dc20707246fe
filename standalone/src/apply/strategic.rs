//! Strategic merge patches, which kubectl sends for built-in kinds.

use serde_json::{Map, Value};

use super::json::PatchError;
use crate::kind::Kind;

const DELETE_FROM: &str = "$deleteFromPrimitiveList/";
const SET_ORDER: &str = "$setElementOrder/";
const RETAIN_KEYS: &str = "$retainKeys";
const DIRECTIVE: &str = "$patch";

const BAD_RETAIN_KEYS: &str = "invalid patch format of retainKeys";

/// How the list at a place is merged.
#[derive(Clone, Copy, PartialEq)]
enum Lists {
    /// The patch replaces it.
    Replace,
    /// Values are added.
    Values,
    /// Items with one value of this key are merged.
    By(&'static str),
}

/// The lists that are merged in the kinds served; all others are replaced.
fn lists(kind: &Kind, path: &[&str]) -> Lists {
    match (kind.kind.as_str(), path) {
        (_, ["metadata", "finalizers"]) => Lists::Values,
        (_, ["metadata", "ownerReferences"]) => Lists::By("uid"),
        ("Namespace", ["status", "conditions"]) => Lists::By("type"),
        _ => Lists::Replace,
    }
}

/// Applies a strategic merge patch.
pub fn strategic_merge(kind: &Kind, current: &Value, patch: &Value) -> Result<Value, PatchError> {
    let (Value::Object(current), Value::Object(patch)) = (current, patch) else {
        return Err(PatchError::BadRequest("invalid JSON document".to_owned()));
    };
    let merged = merge_map(kind, current.clone(), patch.clone(), &[])?;
    Ok(Value::Object(merged))
}

type Object = Map<String, Value>;

fn merge_map(kind: &Kind, mut original: Object, mut patch: Object, path: &[&str]) -> Result<Object, PatchError> {
    if let Some(directive) = patch.get(DIRECTIVE).cloned() {
        return match directive.as_str() {
            Some("replace") => {
                patch.remove(DIRECTIVE);
                Ok(patch)
            }
            Some("delete") => Ok(Object::new()),
            _ => Err(unknown(&directive, &Value::Object(patch))),
        };
    }
    retain(&mut original, &mut patch)?;
    let orders = orders(&mut patch)?;
    let deletions: Vec<String> = patch.keys().filter(|key| key.starts_with(DELETE_FROM)).cloned().collect();
    for key in deletions {
        delete_values(&mut original, &key, patch.remove(&key));
    }
    for (name, value) in patch {
        let Some(before) = original.remove(&name) else {
            if !value.is_null() {
                original.insert(name, without_directives(value));
            }
            continue;
        };
        let merged = match (before, value) {
            (_, Value::Null) => continue,
            (Value::Object(before), Value::Object(value)) => {
                let below = [path, &[name.as_str()]].concat();
                Value::Object(merge_map(kind, before, value, &below)?)
            }
            (Value::Array(before), Value::Array(value)) => {
                let below = [path, &[name.as_str()]].concat();
                let by = lists(kind, &below);
                Value::Array(merge_list(kind, before, value, by, &below)?)
            }
            (_, value) => value,
        };
        original.insert(name, merged);
    }
    for (name, order) in orders {
        let below = [path, &[name.as_str()]].concat();
        let by = lists(kind, &below);
        if let Some(Value::Array(items)) = original.get_mut(&name) {
            sort_by_order(items, &order, by);
        }
    }
    Ok(original)
}

/// `$retainKeys`: of the fields there, only these stay.
fn retain(original: &mut Object, patch: &mut Object) -> Result<(), PatchError> {
    let Some(keys) = patch.remove(RETAIN_KEYS) else {
        return Ok(());
    };
    let Value::Array(keys) = keys else {
        return Err(PatchError::BadRequest(BAD_RETAIN_KEYS.to_owned()));
    };
    let keys: Vec<&str> = keys.iter().filter_map(Value::as_str).collect();
    let unlisted =
        |(name, value): (&String, &Value)| !name.starts_with('$') && !value.is_null() && !keys.contains(&name.as_str());
    if patch.iter().any(unlisted) {
        return Err(PatchError::BadRequest(BAD_RETAIN_KEYS.to_owned()));
    }
    original.retain(|name, _| keys.contains(&name.as_str()));
    Ok(())
}

/// Takes the orders that lists are to have out of the patch.
fn orders(patch: &mut Object) -> Result<Vec<(String, Vec<Value>)>, PatchError> {
    let names: Vec<String> = patch.keys().filter(|key| key.starts_with(SET_ORDER)).cloned().collect();
    let mut orders = Vec::with_capacity(names.len());
    for name in names {
        let order = match patch.remove(&name) {
            Some(Value::Array(order)) => order,
            other => {
                let found = other.as_ref().map_or("nil", go_type);
                return Err(PatchError::Failed(format!("expected a []interface {}, but received a {found}", "{}")));
            }
        };
        orders.push((name[SET_ORDER.len()..].to_owned(), order));
    }
    Ok(orders)
}

fn delete_values(original: &mut Object, key: &str, values: Option<Value>) {
    // Anything but a list deletes nothing.
    let name = &key[DELETE_FROM.len()..];
    if let (Some(Value::Array(values)), Some(Value::Array(items))) = (values, original.get_mut(name)) {
        items.retain(|item| !values.contains(item));
    }
}

fn merge_list(
    kind: &Kind,
    original: Vec<Value>,
    patch: Vec<Value>,
    by: Lists,
    path: &[&str],
) -> Result<Vec<Value>, PatchError> {
    match by {
        Lists::Replace => Ok(patch),
        Lists::Values => {
            let mut merged = original.clone();
            merged.extend(patch.iter().filter(|value| !original.contains(value)).cloned());
            Ok(keep_patch_order(merged, &original, &patch, std::clone::Clone::clone))
        }
        Lists::By(key) => merge_items(kind, original, patch, key, path),
    }
}

fn merge_items(
    kind: &Kind,
    mut original: Vec<Value>,
    patch: Vec<Value>,
    key: &str,
    path: &[&str],
) -> Result<Vec<Value>, PatchError> {
    let before = original.clone();
    let mut plain_items = Vec::new();
    let mut replace = false;
    for item in patch {
        let Value::Object(map) = &item else {
            return Err(PatchError::Failed("list element types are not identical".to_owned()));
        };
        match map.get(DIRECTIVE).map(|directive| directive.as_str().unwrap_or("")) {
            None => plain_items.push(item),
            Some("replace") => replace = true,
            Some("delete") => {
                let name = map.get(key).ok_or_else(|| no_key(&item, key))?.clone();
                original.retain(|one| one.get(key) != Some(&name));
            }
            Some("merge") => {
                return Err(PatchError::Failed("merging lists cannot yet be specified in the patch".to_owned()));
            }
            Some(_) => return Err(unknown(&map[DIRECTIVE], &item)),
        }
    }
    if replace {
        return Ok(plain_items);
    }
    for item in &plain_items {
        let name = item.get(key).ok_or_else(|| no_key(item, key))?;
        let found = original.iter().position(|one| one.get(key) == Some(name));
        match (found, item) {
            (Some(at), Value::Object(map)) => {
                let was = original[at].as_object().cloned().unwrap_or_default();
                original[at] = Value::Object(merge_map(kind, was, map.clone(), path)?);
            }
            _ => original.push(item.clone()),
        }
    }
    Ok(keep_patch_order(original, &before, &plain_items, |item| item.get(key).cloned().unwrap_or(Value::Null)))
}

/// Items of the patch in its order, between those that only the object has.
fn keep_patch_order(
    merged: Vec<Value>,
    original: &[Value],
    patch: &[Value],
    name: impl Fn(&Value) -> Value,
) -> Vec<Value> {
    let place = |list: &[Value], item: &Value| {
        let wanted = name(item);
        list.iter().position(|one| name(one) == wanted)
    };
    let (mut ours, theirs): (Vec<Value>, Vec<Value>) =
        merged.into_iter().partition(|item| place(patch, item).is_some());
    ours.sort_by_key(|item| place(patch, item));
    let mut out = Vec::with_capacity(ours.len() + theirs.len());
    let mut theirs = theirs.into_iter().peekable();
    for item in ours {
        let at = place(original, &item);
        while let Some(other) = theirs.peek() {
            let before = match (place(original, other), at) {
                (Some(other), Some(at)) => other < at,
                _ => false,
            };
            if !before {
                break;
            }
            out.extend(theirs.next());
        }
        out.push(item);
    }
    out.extend(theirs);
    out
}

/// `$setElementOrder`: the listed items take this order.
fn sort_by_order(items: &mut Vec<Value>, order: &[Value], by: Lists) {
    let name = |item: &Value| match by {
        Lists::By(key) => item.get(key).cloned().unwrap_or(Value::Null),
        Lists::Values | Lists::Replace => item.clone(),
    };
    let original = items.clone();
    *items = keep_patch_order(std::mem::take(items), &original, order, name);
}

/// A value that is new: nulls and directives in it mean nothing.
fn without_directives(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map
                .into_iter()
                .filter(|(name, value)| !name.starts_with('$') && !value.is_null())
                .map(|(name, value)| (name, without_directives(value)));
            Value::Object(kept.collect())
        }
        other => other,
    }
}

fn no_key(item: &Value, key: &str) -> PatchError {
    PatchError::Failed(format!("map: {} does not contain declared merge key: {key}", plain(item)))
}

fn unknown(directive: &Value, map: &Value) -> PatchError {
    PatchError::Failed(format!("unknown patch type: {} in map: {}", plain(directive), plain(map)))
}

fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "nil",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "slice",
        Value::Object(_) => "map",
    }
}

/// A value as Go prints maps.
fn plain(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let mut members: Vec<String> =
                map.iter().map(|(name, member)| format!("{name}:{}", plain(member))).collect();
            members.sort();
            format!("map[{}]", members.join(" "))
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
