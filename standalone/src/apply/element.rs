//! What an item of a list is called.

use serde_json::Value;

use super::path::PathElement;
use super::types::{Items, List};
use crate::schema::text::go_quote;

/// The name of an item, or why it has none.
pub(crate) fn name(list: &List<'_>, item: &Value) -> Result<PathElement, String> {
    match list.by {
        Items::Atomic => Err("invalid indexing of non-associative list".to_owned()),
        Items::Set | Items::Keys([]) => by_value(item),
        Items::Keys(keys) => by_keys(list, keys, item),
    }
}

fn by_value(item: &Value) -> Result<PathElement, String> {
    let wrong = match item {
        Value::Object(_) => "associative list without keys has an element that's a map type",
        Value::Array(_) => "not supported: associative list with lists as elements",
        Value::Null => "associative list without keys has an element that's an explicit null",
        _ => return Ok(PathElement::Value(item.clone())),
    };
    Err(wrong.to_owned())
}

fn by_keys(list: &List<'_>, keys: &[String], item: &Value) -> Result<PathElement, String> {
    let map = match item {
        Value::Object(map) => map,
        Value::Null => {
            return Err("associative list with keys may not have a null element".to_owned());
        }
        _ => return Err("associative list with keys may not have non-map elements".to_owned()),
    };
    let mut found: Vec<(String, Value)> = keys
        .iter()
        .filter_map(|key| {
            let value = map.get(key).or_else(|| list.key_default(key))?;
            Some((key.clone(), value.clone()))
        })
        .collect();
    if found.is_empty() {
        let quoted: Vec<String> = keys.iter().map(|key| go_quote(key)).collect();
        return Err(format!(
            "associative list with keys has an element that omits all key fields [{}] (and doesn't have default values for any key fields)",
            quoted.join(" ")
        ));
    }
    found.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(PathElement::Key(found))
}
