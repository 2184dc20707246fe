//! The object store: a bucket per tenant, and keys that open it alone.
//!
//! | module | object |
//! |---|---|
//! | [`archive`] | a bucket for what outlives tenants |
//! | [`bucket`] | a tenant's bucket, its tags (the mark) and policy |
//! | [`credential`] | keys for one bucket, by STS or from a file |
//! | [`embedded`] | S3 with STS on loopback and in a folder, for machines without one |

pub mod archive;
pub mod bucket;
mod config;
pub mod credential;
pub mod embedded;
mod failure;
pub mod preflight;
mod store;

pub use config::{Config, Mode, Sts};
pub use store::Store;
