//! Credentials that are replaced from time to time, each time by the next generation. Pure.

use std::collections::BTreeSet;

use jiff::Timestamp;
use plexica_contract::name::Slot;

/// The generation in force, as it is recorded where the credential is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generation {
    /// From 1.
    pub number: u32,
    /// When it came; the first has no such time.
    pub rotated_at: Option<Timestamp>,
    /// Digests of what people asked for and was followed by it.
    pub requests: BTreeSet<String>,
    /// Whether the one before may still be good.
    pub previous: bool,
}

impl Default for Generation {
    fn default() -> Self {
        Self { number: 1, rotated_at: None, requests: BTreeSet::new(), previous: false }
    }
}

impl Generation {
    /// Which of the two names it has.
    pub const fn slot(&self) -> Slot {
        Slot::of(self.number)
    }

    /// The one after it, which takes over at `now` for what was asked.
    #[must_use]
    pub fn next(&self, requests: BTreeSet<String>, now: Timestamp) -> Self {
        // A record has whole seconds.
        let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
        Self { number: self.number.saturating_add(1), rotated_at: Some(now), requests, previous: true }
    }

    /// The same, when the one before has ended.
    #[must_use]
    pub fn alone(&self) -> Self {
        Self { previous: false, ..self.clone() }
    }
}
