//! The documents, made once: nothing in them changes while the server runs.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::Value;

use super::{aggregated, legacy, openapi};
use crate::served::Catalogue;

/// Everything discovery answers, by path.
pub struct Documents {
    /// Group lists and resource lists.
    pub legacy: BTreeMap<String, Value>,
    /// Aggregated discovery of the core group and of the others.
    pub aggregated: [Value; 2],
    /// OpenAPI v3.
    pub openapi: BTreeMap<String, Bytes>,
}

impl Documents {
    /// The documents of these kinds.
    pub fn new(catalogue: &Catalogue) -> Self {
        Self {
            legacy: legacy::documents(catalogue),
            aggregated: [aggregated::list(catalogue, true), aggregated::list(catalogue, false)],
            openapi: openapi::documents(catalogue),
        }
    }
}

/// The OpenAPI v3 document of a built-in group, as Kubernetes 1.35 publishes it, cut down to what is
/// served here.
pub fn builtin(group: &str, version: &str) -> Option<&'static str> {
    match (group, version) {
        ("", "v1") => Some(include_str!("../builtin/openapi/api_v1.json")),
        ("events.k8s.io", "v1") => Some(include_str!("../builtin/openapi/events_v1.json")),
        ("coordination.k8s.io", "v1") => Some(include_str!("../builtin/openapi/coordination_v1.json")),
        ("apiextensions.k8s.io", "v1") => Some(include_str!("../builtin/openapi/apiextensions_v1.json")),
        ("authorization.k8s.io", "v1") => Some(include_str!("../builtin/openapi/authorization_v1.json")),
        _ => None,
    }
}
