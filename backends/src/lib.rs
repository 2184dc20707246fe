//! Outside systems, each with four verbs over a desired state of its own.
//!
//! | verb | does |
//! |---|---|
//! | `observe(&desired) -> Observed` | reads only |
//! | `differences(&desired, &observed) -> Changes` | says what `ensure` would write |
//! | `ensure(&desired, &observed) -> Changes` | writes what differs, and nothing if nothing does |
//! | `retire(&desired, policy) -> Retired` | keeps or removes; what is already gone is a success |
//!
//! `digest(&desired)` changes whenever what should be does, by a spec, a configuration or a release:
//! while it stays the same, what differs was changed by somebody else.
//!
//! Whether an object that exists may be touched is decided in one pure place, [`ownership::judge`].

mod changes;
mod digest;
mod error;
mod generation;
pub mod keycloak;
pub mod object;
pub mod ownership;
pub mod postgres;
pub mod preflight;
pub mod s3;
pub mod workloads;

pub use changes::{Changes, Retired};
pub use digest::digest;
pub use error::{Error, Kind, Result, System};
pub use generation::Generation;
pub use plexica_contract::Secret;
