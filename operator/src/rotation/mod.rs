//! When credentials are replaced, and when those before them end. Pure.
//!
//! Which generation is in force is recorded where the credential is: in the attributes of a realm's
//! clients, in `core.credential_generation` for plugins. That record is written first, or in one write
//! with the credential; all else follows from it at every look, so that two operators mean the same and
//! one that was killed is taken up where it was.

mod policy;
mod tell;

pub use policy::{Due, Policy};
pub use tell::{ended, rotated, status};
