//! Discovery of all groups at once (`apidiscovery.k8s.io/v2`).

use serde_json::{Value, json};

use super::documents::Documents;
use super::legacy::subresources;
use crate::served::{Catalogue, Served};

const MEDIA: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// The aggregated document and its media type, if the client asks for it.
pub(super) fn wanted<'a>(accept: &str, core: bool, documents: &'a Documents) -> Option<(&'static str, &'a Value)> {
    // v2 alone: clients that know v2beta1 only fall back to one group at a time.
    let asked = accept.split(',').any(|clause| {
        let mut parts = clause.split(';').map(str::trim);
        clause.contains("as=APIGroupDiscoveryList") && parts.any(|part| part == "v=v2")
    });
    asked.then(|| (MEDIA, &documents.aggregated[usize::from(!core)]))
}

/// The document of the core group, or of all others.
pub(super) fn list(catalogue: &Catalogue, core: bool) -> Value {
    let mut items: Vec<(String, Vec<Value>)> = Vec::new();
    let mut add = |group: String, version: Value| match items.iter_mut().find(|(known, _)| *known == group) {
        Some((_, versions)) => versions.push(version),
        None => items.push((group, vec![version])),
    };
    for (group, version) in catalogue.group_versions() {
        if group.is_empty() != core {
            continue;
        }
        let resources: Vec<Value> = catalogue
            .iter()
            .filter(|served| served.kind.group == group && served.kind.version == version)
            .map(|served| resource(served))
            .collect();
        add(group, json!({"version": version, "resources": resources, "freshness": "Current"}));
    }
    if !core {
        add(
            "authorization.k8s.io".into(),
            json!({"version": "v1", "freshness": "Current", "resources": [{
                "resource": "selfsubjectaccessreviews",
                "responseKind": kind("authorization.k8s.io", "v1", "SelfSubjectAccessReview"),
                "scope": "Cluster",
                "singularResource": "selfsubjectaccessreview",
                "verbs": ["create"],
            }]}),
        );
    }
    let items: Vec<Value> = items
        .into_iter()
        .map(|(group, versions)| {
            let metadata = if group.is_empty() { json!({}) } else { json!({"name": group}) };
            json!({"metadata": metadata, "versions": versions})
        })
        .collect();
    json!({
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": items,
    })
}

fn kind(group: &str, version: &str, kind: &str) -> Value {
    json!({"group": group, "version": version, "kind": kind})
}

fn resource(served: &Served) -> Value {
    let known = &served.kind;
    // Built-in kinds leave group and version to the place they stand in.
    let response =
        if known.custom { kind(&known.group, &known.version, &known.kind) } else { kind("", "", &known.kind) };
    let mut entry = json!({
        "resource": known.plural,
        "responseKind": response,
        "scope": if known.namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": known.singular,
        "verbs": served.verbs(),
    });
    if !known.short_names.is_empty() {
        entry["shortNames"] = json!(known.short_names);
    }
    if !known.categories.is_empty() {
        entry["categories"] = json!(known.categories);
    }
    let parts: Vec<Value> = subresources(served)
        .into_iter()
        .map(|(part, verbs)| json!({"subresource": part, "responseKind": response, "verbs": verbs}))
        .collect();
    if !parts.is_empty() {
        entry["subresources"] = Value::Array(parts);
    }
    entry
}
