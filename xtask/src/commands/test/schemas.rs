//! JSON schemas of the Kubernetes kinds, made from the API server's own OpenAPI document: those
//! that kubeconform would download are neither versioned with it nor always reachable.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Map, Value, json};

use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::files;
use crate::parts::{self, Part, Tier, kubernetes};
use crate::process;
use crate::state::Owner;

const DEFINITIONS: &str = "definitions.json";

/// The folder with a file per kind, named as kubeconform asks for it.
pub fn folder(cache: &Cache) -> Result<PathBuf> {
    cache.entry("kubernetes-schemas", kubernetes::install::VERSION, |folder| {
        let state = parts::up(Part::Kubernetes(Tier::T0), cache, Owner::Test)?;
        let variable = |name: &str| state.env.get(name).cloned().unwrap_or_default();
        let document = process::run(
            Command::new(variable("PLEXICA_TEST_KUBECTL"))
                .args(["--kubeconfig", &variable("PLEXICA_TEST_KUBERNETES_T0_KUBECONFIG")])
                .args(["get", "--raw", "/openapi/v2"]),
        )?;
        let path = folder.join(DEFINITIONS);
        let mut document: Value =
            serde_json::from_str(&document).map_err(|source| Error::State { path: path.clone(), source })?;
        let definitions = document["definitions"].take();
        let Value::Object(mut definitions) = definitions else {
            return Err(Error::Usage("the API server's OpenAPI document has no definitions".into()));
        };
        for (file, name) in kinds(&definitions) {
            let schema = json!({ "$ref": format!("{DEFINITIONS}#/definitions/{name}") });
            files::write(&folder.join(file), schema.to_string())?;
        }
        definitions.values_mut().for_each(tighten);
        files::write(&path, json!({ "definitions": definitions }).to_string())
    })
}

/// `<kind>-<group's first label>-<version>.json` of every kind, and its definition.
fn kinds(definitions: &Map<String, Value>) -> Vec<(String, String)> {
    let mut kinds = Vec::new();
    for (name, definition) in definitions {
        for kind in definition["x-kubernetes-group-version-kind"].as_array().into_iter().flatten() {
            let field = |field: &str| kind[field].as_str().unwrap_or_default();
            kinds.push((file_name(field("kind"), field("group"), field("version")), name.clone()));
        }
    }
    kinds
}

/// As kubeconform asks for it: with the first label of the group, which Kubernetes' first kinds do not have.
pub fn file_name(kind: &str, group: &str, version: &str) -> String {
    let group = group.split('.').next().filter(|label| !label.is_empty());
    let parts: Vec<&str> = std::iter::once(kind).chain(group).chain([version]).collect();
    format!("{}.json", parts.join("-").to_lowercase())
}

/// Refuses fields nobody declared, and takes what OpenAPI 2 cannot say as JSON Schema can.
pub fn tighten(schema: &mut Value) {
    if let Value::Object(fields) = schema {
        let declares = fields.get("properties").is_some_and(Value::is_object);
        let is_open = fields.get("x-kubernetes-preserve-unknown-fields") == Some(&json!(true));
        if declares && !is_open && !fields.contains_key("additionalProperties") {
            fields.insert("additionalProperties".into(), json!(false));
        }
        if fields.get("format").is_some_and(|format| format == "int-or-string") {
            *fields = Map::from_iter([("type".to_owned(), json!(["integer", "string"]))]);
        }
        fields.values_mut().for_each(tighten);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_as_they_are_asked_for() {
        let definitions = json!({
            "io.k8s.api.core.v1.Pod": {
                "x-kubernetes-group-version-kind": [{ "group": "", "kind": "Pod", "version": "v1" }]
            },
            "io.k8s.api.rbac.v1.Role": {
                "x-kubernetes-group-version-kind":
                    [{ "group": "rbac.authorization.k8s.io", "kind": "Role", "version": "v1" }]
            },
            "io.k8s.api.core.v1.PodSpec": {}
        });
        let kinds: Vec<String> = kinds(definitions.as_object().unwrap()).into_iter().map(|(file, _)| file).collect();
        assert_eq!(kinds, ["pod-v1.json", "role-rbac-v1.json"]);
    }

    #[test]
    fn undeclared_fields_are_refused() {
        let mut schema = json!({
            "type": "object",
            "properties": {
                "labels": { "type": "object", "additionalProperties": { "type": "string" } },
                "port": { "type": "string", "format": "int-or-string" }
            }
        });
        tighten(&mut schema);
        assert_eq!(schema["additionalProperties"], json!(false));
        assert_eq!(schema["properties"]["labels"]["additionalProperties"], json!({ "type": "string" }));
        assert_eq!(schema["properties"]["port"], json!({ "type": ["integer", "string"] }));
    }
}
