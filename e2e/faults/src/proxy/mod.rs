//! Proxies in front of the real systems, which ask the [`Script`] about each call.

mod call;
mod fault;
mod frame;
mod http;
mod postgres;
mod script;
mod trouble;
mod watch;

pub use call::{At, Call, Failing, Shape};
pub use fault::{Fault, Outage, System};
pub use http::{Http, Upstream};
pub use postgres::Postgres;
pub use script::{Plan, Script};
pub use trouble::Troubles;
