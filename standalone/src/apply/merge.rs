//! Merging an applied configuration into a live object.

use std::collections::BTreeMap;

use serde_json::{Map as JsonMap, Value};

use super::element;
use super::path::PathElement;
use super::types::{Form, Items, List, Map, Type};

/// Merges `config` into `live`: what the configuration says wins, nothing is removed, and lists
/// that are merged follow the order of the configuration.
pub(crate) fn merge(at: Type<'_>, live: &Value, config: &Value) -> Result<Value, String> {
    Ok(node(at, Some(live), Some(config))?.unwrap_or(Value::Null))
}

/// The merged value of one place; nothing where nothing is left.
fn node(at: Type<'_>, live: Option<&Value>, config: Option<&Value>) -> Result<Option<Value>, String> {
    let chosen = if config.is_none() { live } else { config };
    match at.form(chosen) {
        Form::Scalar(_) => Ok(leaf(live, config)),
        Form::List(list) => lists(&list, live, config),
        Form::Map(map) => maps(&map, live, config),
    }
}

fn leaf(live: Option<&Value>, config: Option<&Value>) -> Option<Value> {
    config.or(live).cloned()
}

fn maps(map: &Map<'_>, live: Option<&Value>, config: Option<&Value>) -> Result<Option<Value>, String> {
    let mine = live.and_then(Value::as_object);
    let theirs = config.and_then(Value::as_object);
    let empty = |map: Option<&JsonMap<String, Value>>| map.is_none_or(JsonMap::is_empty);
    // Both empty or null is a value of its own, so that the difference is kept.
    if map.atomic || (empty(mine) && empty(theirs)) {
        return Ok(leaf(live, config));
    }
    let mut out = JsonMap::new();
    let fields = mine.into_iter().flatten().map(|(name, _)| name);
    let added = theirs
        .into_iter()
        .flatten()
        .map(|(name, _)| name)
        .filter(|name| mine.is_none_or(|mine| !mine.contains_key(*name)));
    for name in fields.chain(added) {
        let Some(below) = map.member(name) else {
            return Err(format!(".{name}: field not declared in schema"));
        };
        let (live, config) = (mine.and_then(|map| map.get(name)), theirs.and_then(|map| map.get(name)));
        let merged = node(below, live, config).map_err(|error| format!(".{name}{error}"))?;
        if let Some(merged) = merged {
            out.insert(name.clone(), merged);
        }
    }
    Ok((!out.is_empty()).then_some(Value::Object(out)))
}

fn lists(list: &List<'_>, live: Option<&Value>, config: Option<&Value>) -> Result<Option<Value>, String> {
    let mine = live.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let theirs = config.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if list.by == Items::Atomic || (mine.is_empty() && theirs.is_empty()) {
        return Ok(leaf(live, config));
    }
    let merged = Zip::new(list, mine, theirs)?.run()?;
    Ok((!merged.is_empty()).then_some(Value::Array(merged)))
}

/// Items by name. An item of a name that is given twice is `None`: it is not merged.
type Named<'a> = BTreeMap<PathElement, Option<&'a Value>>;

fn named<'a>(list: &List<'_>, items: &'a [Value], repeats: bool) -> Result<(Vec<PathElement>, Named<'a>), String> {
    let mut order = Vec::with_capacity(items.len());
    let mut by_name = Named::new();
    for (i, item) in items.iter().enumerate() {
        let name = element::name(list, item).map_err(|error| format!(": element {i}: {error}"))?;
        if by_name.contains_key(&name) {
            if !repeats {
                return Err(format!(": duplicate entries for key {name}"));
            }
            by_name.insert(name.clone(), None);
        } else {
            by_name.insert(name.clone(), Some(item));
        }
        order.push(name);
    }
    Ok((order, by_name))
}

/// Two lists side by side. Shared items keep the order of the configuration; items only the live
/// object has stay where they are between them.
struct Zip<'a> {
    list: &'a List<'a>,
    live: &'a [Value],
    live_names: Vec<PathElement>,
    config_names: Vec<PathElement>,
    live_items: Named<'a>,
    config_items: Named<'a>,
    merged: std::collections::BTreeSet<PathElement>,
    out: Vec<Value>,
}

impl<'a> Zip<'a> {
    fn new(list: &'a List<'a>, live: &'a [Value], config: &'a [Value]) -> Result<Self, String> {
        let (config_names, config_items) = named(list, config, false)?;
        let (live_names, live_items) = named(list, live, true)?;
        Ok(Self {
            list,
            live,
            live_names,
            config_names,
            live_items,
            config_items,
            merged: std::collections::BTreeSet::new(),
            out: Vec::new(),
        })
    }

    fn run(mut self) -> Result<Vec<Value>, String> {
        let shared: Vec<PathElement> =
            self.config_names.iter().filter(|name| self.live_items.contains_key(*name)).cloned().collect();
        let mut shared = shared.into_iter();
        let mut next_shared = shared.next();
        let (mut l, mut r) = (0, 0);
        while l < self.live_names.len() || r < self.config_names.len() {
            if l < self.live_names.len() && r < self.config_names.len() {
                let name = self.live_names[l].clone();
                if name == self.config_names[r] {
                    self.take_config(&name)?;
                    l += 1;
                    r += 1;
                    next_shared = shared.next();
                    continue;
                }
                let waits = next_shared.as_ref().is_some_and(|next| *next != name);
                if self.config_items.contains_key(&name) && waits {
                    // Shared, but not the one whose turn it is.
                    l += 1;
                    continue;
                }
            }
            if l < self.live_names.len() {
                let name = self.live_names[l].clone();
                if !self.config_items.contains_key(&name) {
                    self.push(&name, Some(&self.live[l]), None)?;
                    l += 1;
                    continue;
                }
                if self.merged.contains(&name) {
                    l += 1;
                }
            }
            if r < self.config_names.len() {
                let name = self.config_names[r].clone();
                self.take_config(&name)?;
                r += 1;
                if next_shared.as_ref() == Some(&name) {
                    next_shared = shared.next();
                }
            }
        }
        Ok(self.out)
    }

    fn take_config(&mut self, name: &PathElement) -> Result<(), String> {
        self.merged.insert(name.clone());
        // Live items of a name given twice are not merged with.
        let live = match self.live_items.get(name) {
            Some(None) => Some(&Value::Null),
            Some(Some(item)) => Some(*item),
            None => None,
        };
        let config = self.config_items.get(name).copied().flatten();
        self.push(name, live, config)
    }

    fn push(&mut self, name: &PathElement, live: Option<&Value>, config: Option<&Value>) -> Result<(), String> {
        let merged = node(self.list.items(), live, config).map_err(|error| format!("{name}{error}"))?;
        self.out.extend(merged);
        Ok(())
    }
}
