//! What is served: groups, resources, OpenAPI documents, version.

mod aggregated;
pub mod documents;
mod legacy;
mod openapi;

pub use documents::Documents;

use http::{Response, StatusCode};

use crate::http::negotiate::Encoding;
use crate::http::reply::{self, Body};
use crate::state::State;

/// Answers a discovery path; `None` when there is no such path.
pub fn answer(state: &State, path: &str, accept: &str) -> Option<Response<Body>> {
    let documents = &state.documents;
    if matches!(path, "/api" | "/apis")
        && let Some((media, list)) = aggregated::wanted(accept, path == "/api", documents)
    {
        let bytes = serde_json::to_vec(list).unwrap_or_default();
        return Some(reply::bytes_of(StatusCode::OK, media, bytes));
    }
    if path == "/api" {
        let address = state.address.to_string();
        let versions = legacy::versions(&address);
        return Some(reply::value(StatusCode::OK, &versions, Encoding::Json));
    }
    if let Some(text) = documents.openapi.get(path) {
        let text = text.clone();
        return Some(reply::bytes_of(StatusCode::OK, "application/json", text));
    }
    let found = documents.legacy.get(path)?;
    Some(reply::value(StatusCode::OK, found, Encoding::Json))
}
