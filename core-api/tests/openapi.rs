//! The description of the API is what is served, and the reference page is what it says.
#![allow(clippy::unwrap_used)]

use std::{collections::BTreeSet, fs, path::Path};

use plexica_core_api::{http::routes, openapi, reference};
use serde_json::Value;

#[test]
fn every_public_route_is_described() {
    let document = openapi::document();
    let mut described = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        described.extend(methods.as_object().unwrap().keys().map(|method| (path.clone(), method.to_uppercase())));
    }
    let routes = routes();
    let served: BTreeSet<_> = routes
        .endpoints()
        .iter()
        .filter(|endpoint| endpoint.path.starts_with("/api/v1/"))
        .map(|endpoint| (endpoint.path.to_owned(), endpoint.method.clone()))
        .collect();
    assert_eq!(described, served);
}

#[test]
fn every_reference_leads_somewhere() {
    let document = openapi::document();
    let mut references = Vec::new();
    collect(&document, &mut references);
    assert!(references.len() > 20);
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    assert_eq!(document["openapi"], "3.1.0");
}

fn collect(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            references.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|field| collect(field, references));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, references)),
        _ => {}
    }
}

#[test]
fn the_description_changes_knowingly() {
    insta::assert_json_snapshot!(openapi::document());
}

#[test]
fn the_reference_page_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/api.md");
    let page = reference::render(&openapi::document()).unwrap();
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "docs/api.md is old: UPDATE=1 cargo test -p plexica-core-api --test openapi");
}
