//! What plugins need of one another, and which versions fit together. Pure.
//!
//! [`Catalogue`] holds what there is, [`Present`] what a tenant has. [`choose`] finds the version of
//! one install, as the operator does; [`solve`] those of several and of all that they need, as a
//! plan does. Both refuse with the chain of requirements that stands in the way.
//!
//! The search is our own: optional requirements bind only what is there, an interface has several
//! providers, and circles are refused, which the crates for it (pubgrub, resolvo) leave to detours;
//! and a chain in the requirements' own words is the point of it. It skips back to who is to blame.

mod catalogue;
mod choose;
mod circle;
mod need;
mod present;
mod search;
mod solve;

pub use catalogue::{Catalogue, Release};
pub use choose::{Asked, Choice, Obstacle, Refusal, choose};
pub use circle::{circle, relies_on};
pub use need::{Need, On};
pub use present::{Dependent, Offer, Present, at_work, dependents, offer, unmet};
pub use solve::{Conflict, Step, Wanted, solve};

#[cfg(test)]
mod fixture;
