//! Install, upgrade, disable, purge: what the operator asks, one tenant at a time.

mod endpoint;
mod hook;
mod operation;
mod perform;

pub(crate) use endpoint::{call, poll};
pub(crate) use hook::Hooks;
pub use hook::Lifecycle;
pub(crate) use operation::Operations;
