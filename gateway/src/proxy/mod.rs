//! One request: from the client to an upstream and back.

mod authorize;
mod body;
mod connect;
mod forward;
mod handle;
mod rate;
mod state;

pub use handle::{Connection, handle};
pub use state::State;
