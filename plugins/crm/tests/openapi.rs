//! The document says what the routes are, and who may call them.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;

use plexica_sdk::{Access, TestHost, test_host::Answer};
use plexica_testkit::require;
use serde_json::Value;

/// `GET /contacts` → `crm:contacts:read`.
type Permissions = BTreeMap<String, String>;

fn of_routes() -> Permissions {
    plexica_crm::plugin()
        .route_list()
        .iter()
        .filter_map(|route| match route.access {
            Access::Permission(permission) => Some((format!("{} {}", route.method, route.path), permission.key.into())),
            // The document itself is the one route without a permission.
            Access::Public if route.path == "/openapi.json" => None,
            _ => panic!("{} {} asks for no permission", route.method, route.path),
        })
        .collect()
}

fn of_document(document: &Value) -> Permissions {
    let paths = document["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, operations)| {
            operations.as_object().unwrap().iter().map(move |(method, operation)| {
                let permission = operation["security"][0]["bearer"][0].as_str().unwrap();
                (format!("{} {path}", method.to_uppercase()), permission.to_owned())
            })
        })
        .collect()
}

#[tokio::test]
async fn the_document_has_every_route_and_its_permission() {
    let Some(postgres) = require!(postgres17) else { return };
    let host = TestHost::start_on(plexica_crm::plugin(), postgres.url().as_str()).await;
    let document = Answer::of(host.http(plexica_sdk::axum::http::Method::GET, "/openapi.json")).await.expect(200);
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(of_document(&document), of_routes());
    insta::assert_json_snapshot!(document);
}
