//! OpenAPI v3: an index, and a document per group and version.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::{Map, json};
use sha2::{Digest, Sha512};

use super::documents::builtin;

use crate::served::Catalogue;

/// All documents, by path.
pub(super) fn documents(catalogue: &Catalogue) -> BTreeMap<String, Bytes> {
    let mut documents = BTreeMap::new();
    let mut index = Map::new();
    let mut group_versions = catalogue.group_versions();
    group_versions.push(("authorization.k8s.io".into(), "v1".into()));
    for (group, version) in group_versions {
        let name = if group.is_empty() { format!("api/{version}") } else { format!("apis/{group}/{version}") };
        let text = match builtin(&group, &version) {
            Some(text) => Bytes::from_static(text.as_bytes()),
            None => Bytes::from(custom(catalogue, &group, &version)),
        };
        let hash = hex::encode_upper(Sha512::digest(&text));
        index.insert(name.clone(), json!({"serverRelativeURL": format!("/openapi/v3/{name}?hash={hash}")}));
        documents.insert(format!("/openapi/v3/{name}"), text);
    }
    let index = serde_json::to_vec(&json!({"paths": index})).unwrap_or_default();
    documents.insert("/openapi/v3".into(), index.into());
    documents
}

/// The document of a group of custom resources.
fn custom(catalogue: &Catalogue, group: &str, version: &str) -> Vec<u8> {
    let kinds: Vec<_> = catalogue
        .iter()
        .filter(|served| served.kind.group == group && served.kind.version == version)
        .map(|served| &served.kind)
        .collect();
    let document = crate::schema::openapi::document(&kinds);
    serde_json::to_vec(&document).unwrap_or_default()
}
