//! What would be done about a part, for who wants to hear of it first. Pure.

use plexica_backends::Changes;

use super::{Aim, Course};

/// What would be written to a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Would {
    /// The part, such as `database`.
    pub part: &'static str,
    /// Whether it is work, a repair, or left as it is.
    pub course: Course,
    /// What would be written.
    pub changes: Changes,
}

impl Would {
    /// What would be written by that aim.
    pub fn of(aim: &Aim, changes: Changes) -> Self {
        Self { part: aim.part, course: aim.course, changes }
    }

    /// In words that follow "it would".
    pub fn in_words(&self) -> String {
        let Self { part, course, changes } = self;
        match course {
            Course::Apply => changes.to_do(),
            Course::Repair => format!("repair the drift of {part} ({})", changes.to_do()),
            Course::Report => {
                format!("leave the drift of {part} as driftPolicy Report says (a repair would {})", changes.to_do())
            }
        }
    }
}
