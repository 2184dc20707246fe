//! Schemas of the built-in kinds, out of the OpenAPI documents of Kubernetes 1.35.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaProps;
use serde_json::{Map, Value};

/// The schema of one component with its references put in place. `metadata` is left open, as in a
/// custom resource definition: it is the same for every kind and checked on its own.
pub(super) fn schema(document: &Value, component: &str) -> Option<JSONSchemaProps> {
    let components = document.pointer("/components/schemas")?.as_object()?;
    let mut resolved = resolve(components.get(component)?, components)?;
    let metadata = serde_json::json!({"type": "object"});
    resolved.get_mut("properties")?.as_object_mut()?.insert("metadata".into(), metadata);
    serde_json::from_value(resolved).ok()
}

fn resolve(value: &Value, components: &Map<String, Value>) -> Option<Value> {
    let Value::Object(map) = value else {
        return Some(value.clone());
    };
    // A reference with a description beside it is written as an `allOf` of one.
    let reference =
        map.get("$ref").or_else(|| map.get("allOf")?.as_array()?.first()?.get("$ref")).and_then(Value::as_str);
    let mut resolved = match reference {
        Some(path) => {
            let name = path.rsplit('/').next()?;
            let mut target = resolve(components.get(name)?, components)?;
            if let (Some(target), Some(description)) = (target.as_object_mut(), map.get("description")) {
                target.insert("description".into(), description.clone());
            }
            target
        }
        None => Value::Object(map.clone()),
    };
    let fields = resolved.as_object_mut()?;
    // These describe documents, not structural schemas; defaults here are Go's zero values.
    for name in ["default", "x-kubernetes-group-version-kind", "x-kubernetes-unions"] {
        fields.remove(name);
    }
    if let Some(properties) = fields.get_mut("properties").and_then(Value::as_object_mut) {
        for property in properties.values_mut() {
            *property = resolve(property, components)?;
        }
    }
    for name in ["items", "additionalProperties"] {
        if let Some(inner) = fields.get_mut(name) {
            *inner = resolve(inner, components)?;
        }
    }
    Some(resolved)
}
