//! Whether an object of Kubernetes already is as it should be.

use serde_json::Value;

use super::quantity;

/// Maps of quantities, which the server writes in a form of its own.
const AMOUNTS: [&str; 5] = ["limits", "requests", "hard", "default", "defaultRequest"];

/// Paths of what `wanted` says and `found` does not have so. What the API server or others added does
/// not count; lists must agree item by item.
pub(super) fn differing(found: &Value, wanted: &Value) -> Vec<String> {
    let mut paths = Vec::new();
    walk(found, wanted, "", &mut paths);
    paths
}

fn walk(found: &Value, wanted: &Value, path: &str, paths: &mut Vec<String>) {
    match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) => {
            for (key, wanted) in wanted {
                let path = field(path, key);
                match found.get(key) {
                    Some(found) if AMOUNTS.contains(&key.as_str()) => amounts(found, wanted, &path, paths),
                    Some(found) => walk(found, wanted, &path, paths),
                    // An empty map or list is not kept by the server.
                    None if is_empty(wanted) => {}
                    None => paths.push(path),
                }
            }
        }
        (Value::Array(found), Value::Array(wanted)) if found.len() == wanted.len() => {
            for (at, (found, wanted)) in found.iter().zip(wanted).enumerate() {
                let name = wanted["name"].as_str().map_or_else(|| at.to_string(), str::to_owned);
                walk(found, wanted, &format!("{path}[{name}]"), paths);
            }
        }
        (found, wanted) if found == wanted => {}
        _ => paths.push(path.to_owned()),
    }
}

/// As one writes it for `kubectl`: keys with dots or slashes in brackets.
fn field(path: &str, key: &str) -> String {
    if key.contains(['.', '/']) {
        format!("{path}[{key}]")
    } else if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

fn amounts(found: &Value, wanted: &Value, path: &str, paths: &mut Vec<String>) {
    let (Value::Object(found), Value::Object(wanted)) = (found, wanted) else {
        return walk(found, wanted, path, paths);
    };
    for (key, wanted) in wanted {
        let same = match (found.get(key), wanted) {
            (Some(Value::String(found)), Value::String(wanted)) => quantity::same(found, wanted),
            _ => false,
        };
        if !same {
            paths.push(field(path, key));
        }
    }
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
            (json!({"hard": {"limits.cpu": "1500m"}}), json!({"hard": {"limits.cpu": "1.5"}}), true),
            (json!({"hard": {"limits.cpu": "1500m"}}), json!({"hard": {"limits.cpu": "1.6"}}), false),
            (json!({"limits": [{"default": {"cpu": "500m"}}]}), json!({"limits": [{"default": {"cpu": "0.5"}}]}), true),
            (json!({"limits": [{"default": {"cpu": "500m"}}]}), json!({"limits": [{"default": {"cpu": "1"}}]}), false),
            (json!({"limits": {}}), json!({"limits": {"cpu": "0.5"}}), false),
            (json!({"data": "500m"}), json!({"data": "0.5"}), false),
            (json!({"limits": "500m"}), json!({"limits": "0.5"}), false),
        ] {
            assert_eq!(differing(&found, &wanted).is_empty(), covered, "{found} {wanted}");
        }
    }

    #[test]
    fn what_differs_is_named() {
        let found = json!({
            "metadata": {"labels": {"plexica.io/tenant": "beta"}},
            "spec": {"replicas": 3, "containers": [{"name": "crm", "image": "evil", "args": []}]},
            "limits": {"cpu": "1"},
        });
        let wanted = json!({
            "metadata": {"labels": {"plexica.io/tenant": "acme"}, "annotations": {"a": "b"}},
            "spec": {"replicas": 1, "containers": [{"name": "crm", "image": "crm:1", "args": ["x"]}]},
            "limits": {"cpu": "2"},
        });
        let mut paths = differing(&found, &wanted);
        paths.sort();
        assert_eq!(
            paths,
            [
                "limits.cpu",
                "metadata.annotations",
                "metadata.labels[plexica.io/tenant]",
                "spec.containers[crm].args",
                "spec.containers[crm].image",
                "spec.replicas",
            ]
        );
    }
}
