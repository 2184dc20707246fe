//! What differs between what we want and what there is, among the fields that are ours. Pure.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

/// Paths of the fields of `wanted` that `found` has otherwise. Fields that `wanted` leaves out are
/// not ours; lists of text are sets; items of other lists are found by their name.
pub fn differing(wanted: &impl Serialize, found: &impl Serialize) -> Vec<String> {
    let mut paths = Vec::new();
    // Representations are plain structs and maps with text keys: they always serialise.
    let wanted = serde_json::to_value(wanted).unwrap_or_default();
    let found = serde_json::to_value(found).unwrap_or_default();
    walk(&wanted, &found, "", &mut paths);
    paths
}

fn walk(wanted: &Value, found: &Value, path: &str, paths: &mut Vec<String>) {
    match (wanted, found) {
        (Value::Object(fields), _) => {
            for (name, value) in fields {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                walk(value, found.get(name).unwrap_or(&Value::Null), &path, paths);
            }
        }
        (Value::Array(items), _) if items.iter().any(Value::is_object) => {
            for item in items {
                let name = &item["name"];
                let other = found.as_array().and_then(|found| found.iter().find(|other| other["name"] == *name));
                let path = format!("{path}[{}]", name.as_str().unwrap_or_default());
                match other {
                    Some(other) => walk(item, other, &path, paths),
                    None => paths.push(path),
                }
            }
        }
        (Value::Array(_), _) => {
            if texts(wanted) != texts(found) {
                paths.push(path.to_owned());
            }
        }
        _ if wanted == found => {}
        _ => paths.push(path.to_owned()),
    }
}

fn texts(list: &Value) -> BTreeSet<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn only_our_fields_count() {
        for (wanted, found, paths) in [
            (json!({}), json!({"a": 1}), vec![]),
            (json!({"a": 1}), json!({"a": 1, "b": 2}), vec![]),
            (json!({"a": 1}), json!({"a": 2}), vec!["a"]),
            (json!({"a": 1}), json!({}), vec!["a"]),
            (json!({"a": {"b": "x"}}), json!({"a": {"b": "y", "c": 1}}), vec!["a.b"]),
            (json!({"a": {"b": "x"}}), json!({}), vec!["a.b"]),
            (json!({"a": ["x", "y"]}), json!({"a": ["y", "x"]}), vec![]),
            (json!({"a": ["x"]}), json!({"a": ["x", "y"]}), vec!["a"]),
            (json!({"a": []}), json!({}), vec![]),
            (json!({"a": []}), json!({"a": ["x"]}), vec!["a"]),
            (
                json!({"m": [{"name": "n", "v": 1}]}),
                json!({"m": [{"name": "o"}, {"name": "n", "v": 1, "id": 7}]}),
                vec![],
            ),
            (json!({"m": [{"name": "n", "v": 1}]}), json!({"m": [{"name": "n", "v": 2}]}), vec!["m[n].v"]),
            (json!({"m": [{"name": "n", "v": 1}]}), json!({}), vec!["m[n]"]),
        ] {
            assert_eq!(differing(&wanted, &found), paths, "{wanted} in {found}");
        }
    }

    fn tree() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[a-z]{0,3}".prop_map(Value::from)
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                proptest::collection::vec("[a-z]{0,3}", 0..4).prop_map(|texts| json!(texts)),
                proptest::collection::btree_map("[a-z]{1,3}", inner, 0..4).prop_map(|map| json!(map)),
            ]
        })
    }

    proptest! {
        #[test]
        fn nothing_differs_from_itself(value in tree()) {
            prop_assert_eq!(differing(&value, &value), Vec::<String>::new());
        }
    }
}
