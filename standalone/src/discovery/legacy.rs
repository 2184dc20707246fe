//! Discovery one group at a time.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::builtin::Builtin;
use crate::served::{Catalogue, Served};

/// Kubernetes version this is the API of.
const VERSION: &str = "v1.35.4";

/// `/api`.
pub(super) fn versions(address: &str) -> Value {
    json!({
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}],
    })
}

/// All other documents, by path.
pub(super) fn documents(catalogue: &Catalogue) -> BTreeMap<String, Value> {
    let mut documents = BTreeMap::from([("/version".to_owned(), version())]);
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    let mut group_versions = catalogue.group_versions();
    group_versions.push(("authorization.k8s.io".into(), "v1".into()));
    for (group, version) in group_versions {
        let (root, named) = if group.is_empty() {
            (format!("/api/{version}"), version.clone())
        } else {
            (format!("/apis/{group}/{version}"), format!("{group}/{version}"))
        };
        documents.insert(
            root,
            json!({
                "kind": "APIResourceList",
                "apiVersion": "v1",
                "groupVersion": named,
                "resources": resources(catalogue, &group, &version),
            }),
        );
        if group.is_empty() {
            continue;
        }
        match groups.iter_mut().find(|(known, _)| *known == group) {
            Some((_, versions)) => versions.push(version),
            None => groups.push((group, vec![version])),
        }
    }
    let mut list = Vec::new();
    for (group, versions) in groups {
        let versions: Vec<Value> = versions
            .iter()
            .map(|version| json!({"groupVersion": format!("{group}/{version}"), "version": version}))
            .collect();
        let mut entry = json!({
            "name": group,
            "versions": versions,
            "preferredVersion": versions.first(),
        });
        list.push(entry.clone());
        entry["kind"] = "APIGroup".into();
        entry["apiVersion"] = "v1".into();
        documents.insert(format!("/apis/{group}"), entry);
    }
    documents.insert("/apis".into(), json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": list}));
    documents
}

fn version() -> Value {
    json!({
        "major": "1",
        "minor": "35",
        "gitVersion": VERSION,
        "gitCommit": "",
        "gitTreeState": "",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "rustc",
        "platform": format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH),
    })
}

fn resources(catalogue: &Catalogue, group: &str, version: &str) -> Vec<Value> {
    if group == "authorization.k8s.io" {
        return vec![json!({
            "name": "selfsubjectaccessreviews",
            "singularName": "selfsubjectaccessreview",
            "namespaced": false,
            "kind": "SelfSubjectAccessReview",
            "verbs": ["create"],
        })];
    }
    catalogue
        .iter()
        .filter(|served| served.kind.group == group && served.kind.version == version)
        .flat_map(|served| resource(served))
        .collect()
}

fn resource(served: &Served) -> Vec<Value> {
    let kind = &served.kind;
    let mut main = json!({
        "name": kind.plural,
        "singularName": kind.singular,
        "namespaced": kind.namespaced,
        "kind": kind.kind,
        "verbs": served.verbs(),
        "storageVersionHash": storage_hash(served),
    });
    if !kind.short_names.is_empty() {
        main["shortNames"] = json!(kind.short_names);
    }
    if !kind.categories.is_empty() {
        main["categories"] = json!(kind.categories);
    }
    let mut all = vec![main];
    for (part, verbs) in subresources(served) {
        all.push(json!({
            "name": format!("{}/{part}", kind.plural),
            "singularName": "",
            "namespaced": kind.namespaced,
            "kind": kind.kind,
            "verbs": verbs,
        }));
    }
    all
}

/// The subresources of a kind with their verbs.
pub(super) fn subresources(served: &Served) -> Vec<(&'static str, &'static [&'static str])> {
    const STATUS: &[&str] = &["get", "patch", "update"];
    let status = ("status", STATUS);
    match served.builtin {
        Some(Builtin::Namespace) => vec![("finalize", &["update"] as &[&str]), status],
        Some(Builtin::Definition) => Vec::new(),
        _ if served.has_status() => vec![status],
        _ => Vec::new(),
    }
}

/// Tells clients whether the stored form changed: the real server's digest.
fn storage_hash(served: &Served) -> String {
    let kind = &served.kind;
    let (group, version) = match served.builtin {
        Some(Builtin::EventV1) => ("", "v1"),
        _ => (kind.group.as_str(), kind.version.as_str()),
    };
    let digest = Sha256::digest(format!("{group}/{version}/{}", kind.kind));
    STANDARD.encode(&digest[..8])
}
