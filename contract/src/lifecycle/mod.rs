//! The calls the operator makes to a plugin at [`crate::path::LIFECYCLE`].
//!
//! One idempotent `POST` with a [`Request`]. The plugin answers 200 with [`Response::Done`], 202
//! with [`Response::Pending`] and a path to poll (`GET`, same answers), or an error status with
//! [`crate::error::ErrorBody`]. Each call carries a platform token of kind `lifecycle` with a
//! digest of the body.

mod request;
mod response;

pub use request::{Action, Request};
pub use response::Response;
