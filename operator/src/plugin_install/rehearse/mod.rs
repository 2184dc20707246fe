//! What would be done for an install, said and not done.
//!
//! [`foresee`] asks each part what would be written to it, by the plan that would be applied; [`words`] tells it
//! beside what the install would [come to](crate::foresee).

mod foresee;
mod tell;
mod words;

pub use tell::tell;

use crate::{drift::Would, problem::Problem};

/// What would become of the parts of an install that stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ahead {
    /// Whether it is served by the workload of the other isolation now.
    pub moves: bool,
    /// Credentials that would be replaced, or end.
    pub credentials: Option<String>,
    /// Its place in Postgres, and what its workload signs in with.
    pub database: Option<Would>,
    /// Its permissions.
    pub permissions: Option<Would>,
    /// What runs.
    pub workload: Option<Would>,
    /// What is in the way.
    pub problems: Vec<Problem>,
}
