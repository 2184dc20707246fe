//! What would be done for a tenant, said and not done.
//!
//! Of a tenant that stays, [`foresee`] asks each part what would be written to it, by the plan that would
//! be applied; of one that goes, [`part`] looks whose its parts are. [`status`] tells it.

mod foresee;
mod part;
mod tell;
mod words;

pub use tell::tell;

use plexica_backends::ownership::Parting;

use super::{Part, backup::Place};
use crate::{drift::Would, problem::Problem};

/// What would become of a tenant that stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Foreseen {
    /// Its parts, in the order in which they are told.
    pub parts: Vec<Would>,
    /// Credentials that would be replaced, or end.
    pub credentials: Vec<String>,
    /// The plan that would come into force, and the one that is.
    pub plan: Option<(String, Option<String>)>,
    /// Whether what plugins are told of the plan would be something else.
    pub plugins_told: bool,
    /// What is in the way.
    pub problems: Vec<Problem>,
}

/// What would become of a tenant that goes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Departing {
    /// The objects, and what may be done with them.
    pub parts: Vec<(String, Part<Parting>)>,
    /// Objects that were given up.
    pub given_up: Vec<String>,
    /// Where the final backup would be made, if one would.
    pub backup: Option<Place>,
    /// What is in the way.
    pub problems: Vec<Problem>,
}
