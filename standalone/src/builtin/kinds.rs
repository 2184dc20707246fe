//! The definitions of the built-in kinds.

use serde_json::Value;

use super::{Builtin, schema};
use crate::discovery::documents;
use crate::field_error::FieldError;
use crate::kind::Kind;
use crate::served::Served;

struct Row {
    builtin: Builtin,
    group: &'static str,
    version: &'static str,
    names: [&'static str; 3],
    short_names: &'static [&'static str],
    categories: &'static [&'static str],
    namespaced: bool,
    status: bool,
    storage: &'static str,
    component: &'static str,
}

const ROWS: [Row; 6] = [
    Row {
        builtin: Builtin::Event,
        group: "",
        version: "v1",
        names: ["events", "event", "Event"],
        short_names: &["ev"],
        categories: &[],
        namespaced: true,
        status: false,
        storage: "/events",
        component: "io.k8s.api.core.v1.Event",
    },
    Row {
        builtin: Builtin::Namespace,
        group: "",
        version: "v1",
        names: ["namespaces", "namespace", "Namespace"],
        short_names: &["ns"],
        categories: &[],
        namespaced: false,
        status: true,
        storage: "/namespaces",
        component: "io.k8s.api.core.v1.Namespace",
    },
    Row {
        builtin: Builtin::Secret,
        group: "",
        version: "v1",
        names: ["secrets", "secret", "Secret"],
        short_names: &[],
        categories: &[],
        namespaced: true,
        status: false,
        storage: "/secrets",
        component: "io.k8s.api.core.v1.Secret",
    },
    Row {
        builtin: Builtin::EventV1,
        group: "events.k8s.io",
        version: "v1",
        names: ["events", "event", "Event"],
        short_names: &["ev"],
        categories: &[],
        namespaced: true,
        status: false,
        storage: "/events",
        component: "io.k8s.api.events.v1.Event",
    },
    Row {
        builtin: Builtin::Lease,
        group: "coordination.k8s.io",
        version: "v1",
        names: ["leases", "lease", "Lease"],
        short_names: &[],
        categories: &[],
        namespaced: true,
        status: false,
        storage: "coordination.k8s.io/leases",
        component: "io.k8s.api.coordination.v1.Lease",
    },
    Row {
        builtin: Builtin::Definition,
        group: "apiextensions.k8s.io",
        version: "v1",
        names: ["customresourcedefinitions", "customresourcedefinition", "CustomResourceDefinition"],
        short_names: &["crd", "crds"],
        categories: &["api-extensions"],
        namespaced: false,
        status: true,
        storage: "apiextensions.k8s.io/customresourcedefinitions",
        component: "",
    },
];

/// All of them, in the order of discovery.
pub fn kinds() -> Result<Vec<Served>, FieldError> {
    ROWS.iter().map(served).collect()
}

fn served(row: &Row) -> Result<Served, FieldError> {
    let own = |list: &[&str]| list.iter().map(|one| (*one).to_owned()).collect();
    let [plural, singular, kind] = row.names.map(str::to_owned);
    let document: Option<Value> =
        documents::builtin(row.group, row.version).and_then(|text| serde_json::from_str(text).ok());
    let kind = Kind {
        group: row.group.to_owned(),
        version: row.version.to_owned(),
        list_kind: format!("{kind}List"),
        plural,
        singular,
        kind,
        short_names: own(row.short_names),
        categories: own(row.categories),
        namespaced: row.namespaced,
        schema: document.as_ref().and_then(|document| schema::schema(document, row.component)),
        status_subresource: row.status,
        columns: Vec::new(),
        selectable_fields: Vec::new(),
        custom: false,
    };
    Served::new(kind, Some(row.builtin), row.storage.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_writable_kind_has_a_schema() {
        for served in kinds().unwrap() {
            let writable = served.builtin != Some(Builtin::Definition);
            assert_eq!(served.kind.schema.is_some(), writable, "{}", served.kind.resource());
        }
    }
}
