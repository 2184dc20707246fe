//! Brokers: other places where the users of a realm may sign in.

mod desired;
mod ensure;
mod plan;
mod representation;

pub use desired::Broker;
pub(super) use plan::{Broken, foreign, plan};
pub(super) use representation::without_secrets;
