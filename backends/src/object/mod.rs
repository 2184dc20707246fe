//! Objects of Kubernetes that Plexica owns: namespaces, Secrets, the objects of workloads.

mod apply;
mod covers;
mod mark;
mod quantity;
mod retain;

pub use apply::{apply, failed, may_take};
pub use mark::{found, stamp};
pub use retain::{retain, take_back};
