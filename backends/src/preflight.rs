//! What an administrator still has to do, as `plexica preflight` prints it.

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Plexica does not work without it.
    Missing,
    /// Plexica works, but this would be better.
    Advice,
}

/// One thing found, and exactly what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// What is so, in a sentence.
    pub what: String,
    /// SQL, a policy or a setting to apply.
    pub fix: String,
}

impl Finding {
    /// Plexica does not work without it.
    pub fn missing(what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { level: Level::Missing, what: what.into(), fix: fix.into() }
    }

    /// Plexica works, but this would be better.
    pub fn advice(what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { level: Level::Advice, what: what.into(), fix: fix.into() }
    }
}

impl From<crate::Error> for Finding {
    fn from(error: crate::Error) -> Self {
        Self::missing(error.to_string(), error.remedy)
    }
}
