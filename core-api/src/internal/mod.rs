//! For plugins' workloads. The gateway never routes here.

mod keys;
mod tenants;

pub use keys::keys;
pub use tenants::tenants;
