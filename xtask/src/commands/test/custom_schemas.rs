//! JSON schemas of kinds that only some clusters know, from the CRDs that their makers publish.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::schemas::{file_name, tighten};
use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::files;
use crate::parts::{golang, kubernetes};
use crate::process;

/// Module, version, and the file of the CRD in it.
const CRDS: [(&str, &str, &str); 3] = [
    ("github.com/cert-manager/cert-manager", "v1.21.2", "deploy/crds/cert-manager.io_certificates.yaml"),
    ("sigs.k8s.io/gateway-api", "v1.5.1", "config/crd/standard/gateway.networking.k8s.io_httproutes.yaml"),
    (
        "github.com/prometheus-operator/prometheus-operator",
        "v0.85.0",
        "example/prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml",
    ),
];

/// The folder with a file per kind and version, named as kubeconform asks for it.
pub fn folder(cache: &Cache) -> Result<PathBuf> {
    let version = CRDS.map(|(_, version, _)| version).join("-");
    cache.entry("custom-schemas", &version, |folder| {
        let kubectl = kubernetes::install::install(cache)?.join("kubectl");
        CRDS.iter().try_for_each(|(module, version, file)| {
            let definition = read(&kubectl, &golang::sources(module, version)?.join(file))?;
            schemas(definition)
                .into_iter()
                .try_for_each(|(name, schema)| files::write(&folder.join(name), schema.to_string()))
        })
    })
}

/// The YAML file, by the program that reads it for clusters; it asks none for this.
fn read(kubectl: &Path, file: &Path) -> Result<Value> {
    let mut command = Command::new(kubectl);
    command.args(["annotate", "--local", "--output=json", "plexica.io/read=true", "--filename"]).arg(file);
    serde_json::from_str(&process::run(&mut command)?).map_err(|source| Error::State { path: file.to_owned(), source })
}

/// Of each version of the kind.
fn schemas(mut definition: Value) -> Vec<(String, Value)> {
    let spec = definition["spec"].take();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (kind, group) = (text(&spec["names"]["kind"]), text(&spec["group"]));
    let versions = spec["versions"].as_array().into_iter().flatten();
    versions
        .map(|version| {
            let mut schema = version["schema"]["openAPIV3Schema"].clone();
            tighten(&mut schema);
            // Kubernetes' own, which CRDs do not repeat.
            schema["properties"]["metadata"] = json!({ "type": "object" });
            (file_name(&kind, &group, &text(&version["name"])), schema)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_version_has_a_schema_that_refuses_undeclared_fields() {
        let free = json!({ "type": "object", "properties": {}, "x-kubernetes-preserve-unknown-fields": true });
        let schema = json!({
            "type": "object",
            "properties": {
                "metadata": { "type": "object" },
                "spec": { "type": "object", "properties": { "port": { "x-kubernetes-int-or-string": true }, "free": free } }
            }
        });
        let version = |name: &str| json!({ "name": name, "schema": { "openAPIV3Schema": schema } });
        let found = schemas(json!({
            "spec": {
                "group": "cert-manager.io", "names": { "kind": "Certificate" }, "versions": [version("v1"), version("v2")]
            }
        }));
        let names: Vec<_> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["certificate-cert-manager-v1.json", "certificate-cert-manager-v2.json"]);
        let schema = &found[0].1;
        assert_eq!(schema["additionalProperties"], json!(false));
        assert_eq!(schema["properties"]["spec"]["additionalProperties"], json!(false));
        assert_eq!(schema["properties"]["spec"]["properties"]["free"]["additionalProperties"], Value::Null);
        assert_eq!(schema["properties"]["metadata"], json!({ "type": "object" }));
    }
}
