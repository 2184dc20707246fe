//! Proxies in front of the real systems, which ask the [`Script`] about each call.

mod fault;
mod frame;
mod http;
mod postgres;
mod script;
mod trouble;
mod watch;

pub use fault::{Fault, Outage, System};
pub use http::{Http, Upstream};
pub use postgres::Postgres;
pub use script::{At, Call, Failing, Plan, Script, Shape};
pub use trouble::Troubles;
