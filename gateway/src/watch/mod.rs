//! Following the resources, the signing key and the platform's realm.

mod platform_realm;
mod resources;
mod signing_key;

pub use resources::follow as follow_resources;
pub use signing_key::follow as follow_signing_key;
