//! The description of the API, in `OpenAPI` 3.1.

pub mod schema;

use std::collections::BTreeMap;

use plexica_contract::error::{Code, Detail, ErrorBody, Problem};
use serde_json::Value;
use utoipa::{
    IntoResponses, Modify, OpenApi,
    openapi::{
        ContentBuilder, Ref, RefOr, Response, ResponseBuilder,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use crate::{access::AnyUser, http::Json, installs, me, operations, plugins, tenants};

/// Where the description is.
pub const PATH: &str = "/api/openapi.json";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Plexica core API",
        description = "Tenants, the catalogue of plugins, and which plugins are installed for whom. Changes are made to \
            resources; the operator brings them about, and `status` says how far it is."
    ),
    paths(
        me::get,
        tenants::list, tenants::create, tenants::get, tenants::patch, tenants::delete,
        plugins::list, plugins::get,
        installs::list, installs::create, installs::get, installs::patch, installs::delete,
        operations::list, operations::get,
    ),
    security(("token" = [])),
    modifiers(&Token),
    tags(
        (name = "me", description = "The caller"),
        (name = "tenants", description = "Customers of the platform"),
        (name = "plugins", description = "The catalogue"),
        (name = "installs", description = "Plugins of a tenant"),
        (name = "operations", description = "What is being done about a tenant and its installs, and for all of them"),
    ),
)]
struct Api;

struct Token;

impl Modify for Token {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let token = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some(
                "An access token of the tenant's realm, or of the platform's, with the audience `plexica`.",
            ))
            .build();
        let components = api.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(token));
    }
}

/// The failures that every operation can have.
pub struct Failures;

impl IntoResponses for Failures {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let failure = |description: &str| {
            let error = ContentBuilder::new().schema(Some(Ref::from_schema_name("Error"))).build();
            RefOr::T(ResponseBuilder::new().description(description).content("application/json", error).build())
        };
        [
            ("400", "The request cannot be understood; `details` name the fields"),
            ("401", "No token, or one that does not hold"),
            ("403", "The caller may not do this"),
            ("404", "Not there, or not the caller's"),
            ("409", "It contradicts what is there"),
            ("422", "It breaks rules; `details` name the fields"),
            ("503", "A part is not reachable; trying again may help"),
        ]
        .map(|(status, description)| (status.to_owned(), failure(description)))
        .into()
    }
}

/// The whole description. Specs and statuses of resources are described by the very types that
/// the resource definitions are made from.
pub fn document() -> Value {
    let mut document = serde_json::to_value(Api::openapi()).unwrap_or_default();
    let mut definitions = schema::definitions();
    definitions.insert("Error".into(), error());
    if let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        schemas.extend(definitions);
    }
    document
}

/// An example says the shape of an error better than four nested types.
fn error() -> Value {
    let problem = Problem {
        code: Code::Unprocessable,
        message: "The resource breaks rules; see the fields.".into(),
        details: vec![Detail { field: "spec.displayName".into(), message: "may not be longer than 120".into() }],
        correlation_id: Some("0190163d-8694-739b-aea5-966c26f8ad91".into()),
    };
    let text = |description: &str| serde_json::json!({ "type": "string", "description": description });
    serde_json::json!({
        "type": "object",
        "required": ["error"],
        "properties": { "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": text("A stable reason to switch on"),
                "message": text("A sentence for people"),
                "details": { "type": "array", "items": {
                    "type": "object",
                    "required": ["field", "message"],
                    "properties": { "field": text("Where"), "message": text("What is wrong") },
                } },
                "correlationId": text("Finds the request in the logs"),
            },
        } },
        "examples": [ErrorBody { error: problem }],
    })
}

/// The description, for everybody who is signed in.
pub async fn get(_: AnyUser) -> Json<Value> {
    static DOCUMENT: std::sync::LazyLock<Value> = std::sync::LazyLock::new(document);
    Json(DOCUMENT.clone())
}
