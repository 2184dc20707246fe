//! The Kubernetes API (a cluster's or standalone's), as the core API uses it.

mod catalog;
mod error;
pub mod keys;
mod page;
mod told;

pub use catalog::Catalog;
pub use page::Page;
