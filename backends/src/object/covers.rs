//! Whether an object of Kubernetes already is as it should be.

use serde_json::Value;

use super::quantity;

/// Maps of quantities, which the server writes in a form of its own.
const AMOUNTS: [&str; 2] = ["limits", "requests"];

/// Whether `found` has everything that `wanted` says. What the API server or others added does not
/// count; lists must agree item by item.
pub(super) fn covers(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) => wanted.iter().all(|(key, wanted)| match found.get(key) {
            Some(found) if AMOUNTS.contains(&key.as_str()) => same_amounts(found, wanted),
            Some(found) => covers(found, wanted),
            // An empty map or list is not kept by the server.
            None => is_empty(wanted),
        }),
        (Value::Array(found), Value::Array(wanted)) => {
            found.len() == wanted.len() && found.iter().zip(wanted).all(|(found, wanted)| covers(found, wanted))
        }
        (found, wanted) => found == wanted,
    }
}

fn same_amounts(found: &Value, wanted: &Value) -> bool {
    let (Value::Object(amounts), Value::Object(wanted_amounts)) = (found, wanted) else {
        return covers(found, wanted);
    };
    wanted_amounts.iter().all(|(key, wanted)| match (amounts.get(key), wanted) {
        (Some(Value::String(found)), Value::String(wanted)) => quantity::same(found, wanted),
        _ => false,
    })
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(map) => map.is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_covers_what() {
        for (found, wanted, covered) in [
            (json!({"a": 1, "b": 2}), json!({"a": 1}), true),
            (json!({"a": 1}), json!({"a": 2}), false),
            (json!({"a": 1}), json!({"b": 1}), false),
            (json!({}), json!({"a": {}, "b": [], "c": null}), true),
            (json!({"a": [1, 2]}), json!({"a": [1]}), false),
            (json!({"a": [{"n": 1, "d": true}]}), json!({"a": [{"n": 1}]}), true),
            (json!({"a": [{"n": 1}, {"n": 2}]}), json!({"a": [{"n": 2}, {"n": 1}]}), false),
            (json!({"a": {"b": {"c": "x"}}}), json!({"a": {"b": {"c": "x"}}}), true),
            (json!({"a": "1"}), json!({"a": 1}), false),
            (json!({"limits": {"cpu": "500m"}}), json!({"limits": {"cpu": "0.5"}}), true),
            (json!({"limits": {"cpu": "1"}}), json!({"limits": {"cpu": "1000m"}}), true),
            (json!({"requests": {"memory": "1Gi"}}), json!({"requests": {"memory": "1024Mi"}}), true),
            (json!({"requests": {"memory": "1Gi", "cpu": "1"}}), json!({"requests": {"memory": "1Gi"}}), true),
            (json!({"limits": {"cpu": "500m"}}), json!({"limits": {"cpu": "0.6"}}), false),
            (json!({"limits": {}}), json!({"limits": {"cpu": "0.5"}}), false),
            (json!({"data": "500m"}), json!({"data": "0.5"}), false),
            (json!({"limits": "500m"}), json!({"limits": "0.5"}), false),
        ] {
            assert_eq!(covers(&found, &wanted), covered, "{found} {wanted}");
        }
    }
}
