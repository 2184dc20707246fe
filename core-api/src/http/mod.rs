//! How requests become calls and results answers.

mod error;
mod etag;
mod json;
mod metrics;
mod middleware;
mod name;
mod patch;
mod routes;

pub use error::ApiError;
pub use etag::{Etagged, IfMatch};
pub use json::Json;
pub use metrics::Metrics;
pub use name::ResourceName;
pub use patch::SpecPatch;
pub use routes::{Endpoint, Routes, routes};
