//! The golden cases: what is asked of both servers.

pub mod ownership;
pub mod patches;
pub mod validation;
