//! Objects of Kubernetes that Plexica owns: namespaces, Secrets, the objects of workloads.

mod apply;
mod covers;
mod mark;
mod quantity;

pub use apply::{apply, failed, may_take};
pub use mark::{found, stamp};
