//! `kubectl explain` has a sentence for every field.
#![allow(clippy::unwrap_used)]

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{JSONSchemaProps, JSONSchemaPropsOrArray};

/// Paths of fields without a description.
fn unexplained(path: &str, schema: &JSONSchemaProps, found: &mut Vec<String>) {
    for (name, field) in schema.properties.iter().flatten() {
        let path = format!("{path}.{name}");
        if field.description.as_deref().unwrap_or_default().trim().is_empty() {
            found.push(path.clone());
        }
        unexplained(&path, field, found);
    }
    if let Some(JSONSchemaPropsOrArray::Schema(item)) = &schema.items {
        unexplained(path, item, found);
    }
}

#[test]
fn every_field_is_explained() {
    for definition in plexica_crds::all() {
        let kind = definition.spec.names.kind;
        for version in definition.spec.versions {
            let schema = version.schema.unwrap().open_api_v3_schema.unwrap();
            let mut found = Vec::new();
            unexplained(&kind, &schema, &mut found);
            assert_eq!(found, Vec::<String>::new());
            let spec = &schema.properties.as_ref().unwrap()["spec"];
            assert!(spec.properties.as_ref().unwrap().len() >= 5, "{kind}: no fields were looked at");
        }
    }
}
