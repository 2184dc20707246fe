//! Install, upgrade, configure, disable, purge: what the operator asks, one tenant at a time.

mod config;
mod endpoint;
mod hook;
mod operation;
mod perform;

pub use config::{ConfigChange, Reload};
pub(crate) use config::{ConfigHook, take};
pub(crate) use endpoint::{call, poll};
pub(crate) use hook::Hooks;
pub use hook::Lifecycle;
pub(crate) use operation::Operations;
