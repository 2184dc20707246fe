//! What holds for a real Keycloak and for the embedded issuer.

pub mod brokers;
pub mod code;
pub mod export;
pub mod grants;
pub mod ownership;
pub mod preflight;
pub mod realm;
pub mod rotation;
pub mod sign_in;
pub mod stumble;
pub mod users;
