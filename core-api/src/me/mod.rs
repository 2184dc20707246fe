//! The caller.

mod get;

pub use get::*;
