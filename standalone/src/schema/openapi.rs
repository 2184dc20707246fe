//! `OpenAPI` v3 documents of custom kinds, in the shape the API server publishes: `kubectl explain`
//! and client-side validation read them.
//!
//! The operations and the shared types are those of Kubernetes 1.35, recorded with names to be
//! filled in; the schemas of the kinds are their own.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaProps;
use serde_json::{Map, Value, json};

use super::number::settle;
use crate::kind::Kind;

const CLUSTER: &str = include_str!("openapi/cluster.json");
const NAMESPACED: &str = include_str!("openapi/namespaced.json");
const SHARED: &str = include_str!("openapi/shared.json");

const API_VERSION: &str = "APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized schemas to the latest internal value, and may reject unrecognized values. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources";
const KIND: &str = "Kind is a string value representing the REST resource this object represents. Servers may infer this from the endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds";
const METADATA: &str = "Standard object's metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";
const LIST_METADATA: &str = "Standard list metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds";
const EMBEDDED_API_VERSION: &str = "apiVersion defines the versioned schema of this representation of an object. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources";
const EMBEDDED_KIND: &str = "kind is a string value representing the type of this object. In CamelCase. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds";

/// The document of the custom kinds of one group and version.
pub fn document(kinds: &[&Kind]) -> Value {
    let mut paths = Map::new();
    let mut schemas = parse(SHARED);
    for kind in kinds {
        paths.extend(operations(kind));
        schemas.insert(model(kind, &kind.kind), object(kind));
        schemas.insert(model(kind, &kind.list_kind), list(kind));
    }
    json!({
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes CRD Swagger", "version": "v0.1.0"},
        "paths": paths,
        "components": {"schemas": schemas},
    })
}

fn parse(text: &str) -> Map<String, Value> {
    // The recorded files are JSON; a test reads them all.
    serde_json::from_str(text).unwrap_or_default()
}

/// `io.plexica.v1alpha1.Tenant`.
fn model(kind: &Kind, name: &str) -> String {
    format!("{}.{}.{name}", reversed(&kind.group), kind.version)
}

fn reversed(group: &str) -> String {
    group.rsplit('.').collect::<Vec<_>>().join(".")
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// The paths of a kind with their operations.
fn operations(kind: &Kind) -> Map<String, Value> {
    let group: String = kind.group.split('.').map(capital).collect();
    let mut tag = group.clone();
    if let Some(first) = tag.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    let vowel = kind.kind.starts_with(['A', 'E', 'I', 'O', 'U']);
    let mut text = if kind.namespaced { NAMESPACED } else { CLUSTER }.to_owned();
    for (name, value) in [
        ("{group}", kind.group.as_str()),
        ("{Group}", &group),
        ("{tag}", &tag),
        ("{reversed}", &reversed(&kind.group)),
        ("{version}", &kind.version),
        ("{Version}", &capital(&kind.version)),
        ("{plural}", &kind.plural),
        ("{Kind}", &kind.kind),
        ("{List}", &kind.list_kind),
        ("{article}", if vowel { "an" } else { "a" }),
    ] {
        text = text.replace(name, value);
    }
    let mut paths = parse(&text);
    paths.retain(|path, _| kind.status_subresource || !path.ends_with("/status"));
    paths
}

fn gvk(kind: &Kind, name: &str) -> Value {
    json!([{"group": kind.group, "kind": name, "version": kind.version}])
}

fn reference(model: &str, description: &str) -> Value {
    json!({"description": description, "allOf": [{"$ref": format!("#/components/schemas/{model}")}]})
}

fn typed(properties: &mut Map<String, Value>, api_version: &str, kind: &str) {
    properties.insert("apiVersion".to_owned(), json!({"description": api_version, "type": "string"}));
    properties.insert("kind".to_owned(), json!({"description": kind, "type": "string"}));
    let metadata = reference("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", METADATA);
    properties.insert("metadata".to_owned(), metadata);
}

/// The schema of an object of the kind.
fn object(kind: &Kind) -> Value {
    let mut schema = match &kind.schema {
        Some(schema) => published(schema),
        None => json!({"type": "object"}),
    };
    if kind.schema.is_some() {
        let mut properties = schema["properties"].as_object().cloned().unwrap_or_default();
        typed(&mut properties, API_VERSION, KIND);
        schema["properties"] = Value::Object(properties);
    }
    schema["x-kubernetes-group-version-kind"] = gvk(kind, &kind.kind);
    schema
}

/// The schema of a list of the kind.
fn list(kind: &Kind) -> Value {
    let items = format!("#/components/schemas/{}", model(kind, &kind.kind));
    json!({
        "description": format!("{} is a list of {}", kind.list_kind, kind.kind),
        "type": "object",
        "required": ["items"],
        "properties": {
            "apiVersion": {"description": API_VERSION, "type": "string"},
            "items": {
                "description": format!("List of {}. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md", kind.plural),
                "type": "array",
                "items": {"$ref": items},
            },
            "kind": {"description": KIND, "type": "string"},
            "metadata": reference("io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta", LIST_METADATA),
        },
        "x-kubernetes-group-version-kind": gvk(kind, &kind.list_kind),
    })
}

/// A schema as it is published.
fn published(schema: &JSONSchemaProps) -> Value {
    let mut value = serde_json::to_value(schema).unwrap_or_default();
    settle(&mut value);
    unfold(&mut value);
    value
}

/// Says the special forms in plain terms as well: either type, embedded objects.
fn unfold(schema: &mut Value) {
    let Some(map) = schema.as_object_mut() else { return };
    for name in ["items", "additionalProperties"] {
        if let Some(below) = map.get_mut(name) {
            unfold(below);
        }
    }
    if let Some(properties) = map.get_mut("properties").and_then(Value::as_object_mut) {
        properties.values_mut().for_each(unfold);
    }
    for name in ["example", "externalDocs"] {
        map.remove(name);
    }
    if map.get("x-kubernetes-int-or-string") == Some(&Value::Bool(true)) && !map.contains_key("anyOf") {
        map.insert("anyOf".to_owned(), json!([{"type": "integer"}, {"type": "string"}]));
    }
    if map.get("x-kubernetes-embedded-resource") == Some(&Value::Bool(true)) {
        let mut properties = map.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
        typed(&mut properties, EMBEDDED_API_VERSION, EMBEDDED_KIND);
        map.insert("properties".to_owned(), Value::Object(properties));
        let mut required: Vec<Value> = map.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
        for name in ["kind", "apiVersion"] {
            if !required.iter().any(|one| one == name) {
                required.push(name.into());
            }
        }
        map.insert("required".to_owned(), required.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_recorded_files_are_whole() {
        for (text, size) in [(CLUSTER, 3), (NAMESPACED, 4), (SHARED, 12)] {
            assert_eq!(parse(text).len(), size);
        }
    }
}
