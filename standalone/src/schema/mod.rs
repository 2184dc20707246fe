//! What a kind's schema means: defaulting, pruning, validation, CEL rules, tables, OpenAPI,
//! selectors. Pure functions over JSON values; the server does the input and output.

pub mod builtin;
pub(crate) mod cel;
mod compiled;
mod default;
pub mod duplicate;
pub mod meta;
pub mod names;
pub(crate) mod node;
mod number;
pub mod openapi;
mod prune;
pub mod selector;
pub mod table;
pub mod text;
pub(crate) mod validate;

pub use compiled::CompiledSchema;
