//! Whether what differs is work to do, or was changed behind the operator's back.
//!
//! `status.applied` keeps a digest of what each part was brought to last. A spec, a configuration or
//! a release that wants something else changes the digest of what is wanted, and then all that
//! differs is work. While it is the same, nobody but somebody else can have made the difference.
//! A part that is about to become something else is forgotten before the first write: an operator
//! that is killed in the middle leaves nothing that looks like another's hand.

mod bring;
mod condition;
mod course;
mod tell;
mod would;

pub use bring::bring;
pub use condition::{mark, withheld};
pub use course::{Aim, Course, Record, without};
pub use tell::tell;
pub use would::Would;

use std::collections::BTreeMap;

use plexica_backends::Changes;

/// What differed in one part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The part, such as `database`.
    pub part: &'static str,
    /// What was written, or would have been.
    pub changes: Changes,
}

/// What came of looking at the parts of a resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drift {
    /// What each of those that were brought to something was brought to.
    pub applied: BTreeMap<String, String>,
    /// What was brought back.
    pub repaired: Vec<Difference>,
    /// What was left as it is.
    pub kept: Vec<Difference>,
}

impl Drift {
    /// The part is what it is to be, or is left by the policy; nothing of it is under way any more.
    pub fn settled(&mut self, aim: &Aim) {
        self.applied.extend(aim.digest.clone().map(|digest| (aim.part.to_owned(), digest)));
    }

    /// What came of other parts.
    pub fn join(&mut self, other: Self) {
        let Self { applied, repaired, kept } = other;
        self.applied.extend(applied);
        self.repaired.extend(repaired);
        self.kept.extend(kept);
    }

    /// What was left in a part.
    pub fn kept_in(&self, part: &str) -> Changes {
        let mut all = Changes::none();
        for difference in self.kept.iter().filter(|difference| difference.part == part) {
            all.join(difference.changes.clone());
        }
        all
    }

    pub(self) fn keep(&mut self, part: &'static str, changes: Changes) {
        if !changes.is_empty() {
            self.kept.push(Difference { part, changes });
        }
    }

    /// Notes what is left without being compared by [`bring`].
    pub fn left(&mut self, aim: &Aim, changes: Changes) {
        self.keep(aim.part, changes);
        self.settled(aim);
    }
}
