//! `FieldsV1`: sets of paths as JSON.

use serde_json::{Map, Value};

use super::path::PathElement;
use super::set::Set;
use crate::schema::text::go_json;

/// Writes a set as `FieldsV1`.
pub(crate) fn write(set: &Set) -> Value {
    Value::Object(contents(set, false))
}

fn contents(set: &Set, is_member: bool) -> Map<String, Value> {
    let mut out = Map::new();
    if is_member && !(set.members.is_empty() && set.children.is_empty()) {
        out.insert(".".to_owned(), Value::Object(Map::new()));
    }
    let mut elements: Vec<&PathElement> = set.members.iter().collect();
    elements.extend(set.children.keys().filter(|element| !set.members.contains(*element)));
    elements.sort();
    for element in elements {
        let below = match set.children.get(element) {
            Some(child) => contents(child, set.members.contains(element)),
            None => Map::new(),
        };
        out.insert(element_name(element), Value::Object(below));
    }
    out
}

fn element_name(element: &PathElement) -> String {
    match element {
        PathElement::Field(name) => format!("f:{name}"),
        PathElement::Key(keys) => {
            let map: Map<String, Value> = keys.iter().cloned().collect();
            format!("k:{}", go_json(&Value::Object(map)))
        }
        PathElement::Value(value) => format!("v:{}", go_json(value)),
        PathElement::Index(at) => format!("i:{at}"),
    }
}

/// Reads `FieldsV1`; the error says what is not understood.
pub(crate) fn read(fields: &Value) -> Result<Set, String> {
    let Value::Object(map) = fields else {
        return Err("fieldsV1 is not an object".to_owned());
    };
    Ok(read_node(map)?.0.unwrap_or_default())
}

/// The members below a place, and whether the place is a member itself.
fn read_node(map: &Map<String, Value>) -> Result<(Option<Set>, bool), String> {
    let mut set: Option<Set> = None;
    let mut is_member = false;
    for (name, below) in map {
        if name == "." {
            is_member = true;
            continue;
        }
        let Some(element) = read_element(name)? else {
            continue;
        };
        let Value::Object(below) = below else {
            return Err(format!("{name} is not an object"));
        };
        let (children, child_is_member) = read_node(below)?;
        let set = set.get_or_insert_default();
        if child_is_member {
            set.members.insert(element.clone());
        }
        if let Some(children) = children {
            set.children.insert(element, children);
        }
    }
    let is_member = is_member || set.is_none();
    Ok((set, is_member))
}

/// One step; kinds of steps that are not known (of a later version) are left out.
fn read_element(name: &str) -> Result<Option<PathElement>, String> {
    let Some((kind, rest)) = name.split_once(':') else {
        return Err(format!("missing colon: {name}"));
    };
    let json = |text: &str| serde_json::from_str::<Value>(text).map_err(|error| format!("{name}: {error}"));
    Ok(Some(match kind {
        "f" => PathElement::Field(rest.to_owned()),
        "v" => PathElement::Value(json(rest)?),
        "k" => {
            let Value::Object(keys) = json(rest)? else {
                return Err(format!("{name} is not a key"));
            };
            let mut keys: Vec<(String, Value)> = keys.into_iter().collect();
            keys.sort_by(|one, other| one.0.cmp(&other.0));
            PathElement::Key(keys)
        }
        "i" => PathElement::Index(rest.parse().map_err(|_| format!("{name} is not a place"))?),
        _ => return Ok(None),
    }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn reads_what_it_writes() {
        for fields in [
            json!({}),
            json!({"f:spec": {"f:plan": {}}}),
            json!({"f:metadata": {"f:labels": {".": {}, "f:a": {}}}}),
            json!({"f:spec": {"f:list": {"k:{\"name\":\"a\"}": {".": {}, "f:name": {}, "f:value": {}}}}}),
            json!({"f:metadata": {"f:finalizers": {".": {}, "v:\"x/y\"": {}}}}),
            json!({"f:a": {"i:0": {}}}),
        ] {
            assert_eq!(write(&read(&fields).unwrap()), fields);
        }
    }

    #[test]
    fn refuses_what_is_no_path() {
        for fields in [json!({"x": {}}), json!({"k:1": {}}), json!([]), json!({"f:a": 1})] {
            assert!(read(&fields).is_err(), "{fields}");
        }
    }
}
