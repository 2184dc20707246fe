//! The plans there are, from a file of the platform's configuration.
//!
//! [`read`] the text → [`Plans`] → [`follow`] the file. What a plan does to a tenant is
//! [`crate::tenant`]'s business.

mod check;
mod follow;
mod read;

pub use follow::follow;
pub use read::PlansError;
#[cfg(test)]
pub use read::read;

use std::collections::BTreeMap;

use plexica_crds::{
    Reason,
    tenant::{PlanLimits, PlanStatus},
};

use crate::problem::Problem;

/// The one plan there is without a file.
const STANDARD: &str = "standard";

/// A plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// Its name.
    pub name: String,
    /// Of what it allows.
    pub digest: String,
    /// What it allows.
    pub limits: PlanLimits,
}

impl Definition {
    /// A plan of that name.
    pub fn new(name: &str, limits: PlanLimits) -> Self {
        Self { name: name.to_owned(), digest: plexica_backends::digest(&limits), limits }
    }

    /// Whether it is the one in force, to the last limit.
    pub fn is(&self, in_force: &PlanStatus) -> bool {
        self.name == in_force.name && self.digest == in_force.digest
    }
}

/// All plans there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plans(BTreeMap<String, PlanLimits>);

impl Default for Plans {
    /// One that allows everything.
    fn default() -> Self {
        Self([(STANDARD.to_owned(), PlanLimits::default())].into())
    }
}

impl Plans {
    /// The plan of that name.
    ///
    /// # Errors
    /// [`Reason::UnknownPlan`], which names those there are.
    pub fn get(&self, name: &str) -> Result<Definition, Problem> {
        if let Some(limits) = self.0.get(name) {
            return Ok(Definition::new(name, limits.clone()));
        }
        let known: Vec<_> = self.0.keys().map(String::as_str).collect();
        let message = format!("spec.plan {name:?} is not configured: there is {}.", known.join(", "));
        Err(Problem::new(Reason::UnknownPlan, message))
    }

    /// Whether a tenant with that plan in its spec and that one in force has something to do with
    /// these plans.
    pub fn concern(&self, name: &str, in_force: Option<&PlanStatus>) -> bool {
        match (self.get(name), in_force) {
            (Ok(wanted), Some(in_force)) => !wanted.is(in_force),
            (Ok(_), None) | (Err(_), _) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
    use plexica_crds::tenant::Quotas;

    fn plans(names: &[(&str, i32)]) -> Plans {
        let limits =
            |users| PlanLimits { quotas: Quotas { users: Some(users), ..Quotas::default() }, ..PlanLimits::default() };
        Plans(names.iter().map(|(name, users)| ((*name).to_owned(), limits(*users))).collect())
    }

    #[test]
    fn without_a_file_there_is_one_that_allows_everything() {
        let standard = Plans::default().get("standard").unwrap();
        assert_eq!((standard.name.as_str(), standard.limits), ("standard", PlanLimits::default()));
        let problem = Plans::default().get("gold").unwrap_err();
        assert_eq!(problem.reason, Reason::UnknownPlan);
        assert_eq!(problem.message, "spec.plan \"gold\" is not configured: there is standard.");
    }

    #[test]
    fn those_there_are_stand_in_the_message() {
        let message = plans(&[("silver", 1), ("gold", 2)]).get("brass").unwrap_err().message;
        assert!(message.ends_with("there is gold, silver."), "{message}");
    }

    #[test]
    fn whom_a_change_of_the_file_concerns() {
        let in_force = |name: &str, users| {
            let Definition { name, digest, limits } = plans(&[(name, users)]).get(name).unwrap();
            PlanStatus { name, digest, limits, since: Time(jiff::Timestamp::UNIX_EPOCH) }
        };
        let now = plans(&[("silver", 1), ("gold", 2)]);
        for (spec, in_force, concerned) in [
            ("gold", Some(in_force("gold", 2)), false),
            ("gold", Some(in_force("gold", 3)), true),
            ("gold", Some(in_force("silver", 1)), true),
            ("silver", Some(in_force("gold", 1)), true),
            ("gold", None, true),
            ("brass", Some(in_force("brass", 1)), true),
        ] {
            assert_eq!(now.concern(spec, in_force.as_ref()), concerned, "{spec} {in_force:?}");
        }
    }
}
