//! Extractors that name the field at fault.

mod json;
mod path;
mod query;

pub use json::Json;
pub use path::Path;
pub use query::Query;

pub(crate) use json::{body_error, parse_json};
