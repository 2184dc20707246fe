//! What a verb did.

use std::fmt;

/// What `ensure` wrote, in words for events and logs; empty if everything was as it should be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Changes(Vec<String>);

impl Changes {
    /// Nothing was written.
    pub fn none() -> Self {
        Self::default()
    }

    /// Notes one write, such as `created schema tenant_acme`.
    pub fn note(&mut self, change: impl Into<String>) {
        self.0.push(change.into());
    }

    /// Notes what another verb wrote as well.
    pub fn join(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The writes, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(", "))
    }
}

impl<T: Into<String>> FromIterator<T> for Changes {
    fn from_iter<I: IntoIterator<Item = T>>(changes: I) -> Self {
        Self(changes.into_iter().map(Into::into).collect())
    }
}

/// What `retire` found and did. All of them are a success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Retired {
    /// It was not there any more.
    Gone,
    /// Its data was kept and marked as retained, now or earlier.
    Kept,
    /// It was removed.
    Removed,
    /// What stands there belongs to somebody else, or to an earlier resource of this name: it was
    /// not touched.
    Foreign,
}
