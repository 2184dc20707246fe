//! What came of a part of something that goes, in a reason and in words. Pure.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use plexica_backends::Retired;
use plexica_crds::{Reason, label::ABANDON};

use crate::problem::Problem;

/// What came of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Its backend was asked.
    Retired(Retired),
    /// A person has given up on it, by means of that client, if it is known.
    Abandoned {
        /// The field manager that set the annotation.
        by: Option<String>,
    },
}

/// What is said of a part that nothing was done about yet.
pub const WAITS: &str = "it waits for what stands in the condition Ready.";

/// One part of what goes, and what came of it.
#[derive(Clone, Debug)]
pub struct Parted<P> {
    /// Which.
    pub part: P,
    /// Such as `schema tenant_acme`.
    pub object: String,
    /// Or what holds the whole up.
    pub fate: Result<Fate, Problem>,
}

impl<P> Parted<P> {
    /// What is said of it, which remembers what an earlier look did to it.
    pub fn told(&self, before: Option<&Condition>) -> (Reason, String) {
        let Self { part: _, object, fate } = self;
        let told = match fate {
            Err(Problem { reason, message, .. }) => return (*reason, message.clone()),
            Ok(Fate::Retired(Retired::Removed)) => (Reason::Removed, format!("{object} was removed.")),
            Ok(Fate::Retired(Retired::Kept)) => (Reason::Retained, format!("{object} is kept, marked with the time.")),
            Ok(Fate::Retired(Retired::Gone)) => (Reason::Gone, format!("{object} was not there any more.")),
            Ok(Fate::Retired(Retired::Foreign)) => {
                (Reason::Conflict, format!("{object} is not this tenant's and was left alone."))
            }
            Ok(Fate::Abandoned { by }) => {
                let by = by.as_ref().map(|by| format!(", set by means of {by},")).unwrap_or_default();
                (Reason::Abandoned, format!("{object} was given up: the annotation {ABANDON}{by} says so."))
            }
        };
        match (told.0, settled(before)) {
            (Reason::Gone, Some(before)) if before.0 == Reason::Removed => before,
            (Reason::Abandoned, Some(before)) if matches!(before.0, Reason::Removed | Reason::Retained) => before,
            _ => told,
        }
    }
}

/// What an earlier look came to.
pub fn settled(before: Option<&Condition>) -> Option<(Reason, String)> {
    let before = before?;
    let reason = before.reason.parse().ok()?;
    is_settled(reason).then(|| (reason, before.message.clone()))
}

/// Whether that is the end of a part that goes.
pub const fn is_settled(reason: Reason) -> bool {
    matches!(reason, Reason::Removed | Reason::Retained | Reason::Gone | Reason::Abandoned)
}
