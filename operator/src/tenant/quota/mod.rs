//! What a tenant's plan does to it, and how one plan follows another.
//!
//! [`Change::of`] spec, configuration and status → [`observe`] → [`plan`] → [`enact`]. The plan in force
//! stands in the status and is written last, when all else is there and was read back. Whoever comes
//! after an operator that was killed in between goes on to the plan of the spec, or back to that one: one
//! of them whole, either way.

mod change;
mod desired;
mod enact;
mod exceeded;
mod foresee;
mod objects;
mod observe;
mod plan;
mod pods;
mod usage;

pub use change::Change;
pub use enact::{Outcome, enact};
pub use foresee::{Foreseen, foresee};
pub use objects::retain;
pub use observe::observe;
pub use plan::{Observed, Step, plan};
