//! Objects of Kubernetes that Plexica owns: namespaces, Secrets, the objects of workloads.

mod apply;
mod differing;
mod mark;
pub mod quantity;
mod retain;

pub use apply::{apply, changes, differences, digest, failed, may_take, rehearse, sign};
pub use mark::{found, stamp};
pub use retain::{retain, take_back};
