//! The only provisioner: a reconciler per kind.
//!
//! Each goes observe → validate → plan → apply → report. Only observing, applying and reporting do
//! I/O; validating, planning and computing a status are pure functions with tests by table. What is
//! planned or applied is taken apart without `..`, so a part that is forgotten does not compile.
//!
//! | module | holds |
//! |---|---|
//! | [`tenant`], [`plugin`], [`plugin_install`] | a reconciler each |
//! | [`platform`] | what is there before any tenant |
//! | [`plans`] | the plans there are |
//! | [`resource`] | finalizer, status and events of all three |
//! | [`drift`] | what was changed behind the operator's back |
//! | [`operation`] | what is being done about a resource, as one thing with an id |
//! | [`watch`], [`index`] | what is seen of each kind, and who is told |
//! | [`controllers`] | what wakes which reconciler |
//! | [`lifecycle`] | calls to plugins |
//! | [`restore`] | a tenant's data from its final backup, for the command line |

pub mod backoff;
pub mod config;
mod context;
mod controllers;
mod drift;
#[cfg(test)]
mod fixture;
pub mod foresee;
mod index;
mod leader;
mod lifecycle;
mod metrics;
mod operation;
mod outage;
mod plans;
mod platform;
mod plugin;
mod plugin_install;
mod problem;
mod resource;
pub mod restore;
mod rotation;
mod settings;
mod start;
mod tenant;
mod watch;

pub use config::Config;
pub use plans::PlansError;
pub use platform::cluster_uid;
pub use problem::Problem;
pub use start::{StartError, start};
