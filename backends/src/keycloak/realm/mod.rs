//! A realm: what it should be, what it is, and how one becomes the other.

mod compare;
mod desired;
mod ensure;
mod export;
mod import;
mod observe;
mod plan;
mod representation;
mod retire;

pub use desired::{AdminUser, Lifetimes, RealmDesired};
pub use observe::{Observed, Present};
pub use plan::Drift;
