//! How a section can end early.

use std::{error::Error, fmt::Write};

use plexica_testkit::Missing;

/// Why nothing, or no more, was measured.
pub enum Stop {
    /// A part is not there.
    Skipped(String),
    /// Something went wrong.
    Failed(String),
}

pub type Result<T> = std::result::Result<T, Stop>;

impl<E: Error> From<E> for Stop {
    fn from(error: E) -> Self {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            let _ = write!(text, ": {error}");
            cause = error.source();
        }
        Self::Failed(text)
    }
}

/// A part, or a skip.
pub fn found<T>(part: std::result::Result<T, Missing>) -> Result<T> {
    part.map_err(|missing| Stop::Skipped(missing.to_string()))
}

/// A failure with that reason.
pub fn failed<T>(reason: impl Into<String>) -> Result<T> {
    Err(Stop::Failed(reason.into()))
}
