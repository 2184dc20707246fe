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

    /// The same as what is still to be done: `create schema tenant_acme, grant …`.
    pub fn to_do(&self) -> String {
        self.0.iter().map(|change| to_do(change)).collect::<Vec<_>>().join(", ")
    }

    /// The writes, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// First words of changes, as they are told and as they are asked for. Others are the same in both.
const WORDS: [(&str, &str); 12] = [
    ("applied", "apply"),
    ("created", "create"),
    ("gave", "give"),
    ("granted", "grant"),
    ("marked", "mark"),
    ("migrated", "migrate"),
    ("registered", "register"),
    ("removed", "remove"),
    ("revoked", "revoke"),
    ("started", "start"),
    ("stored", "store"),
    ("took", "take"),
];

fn to_do(change: &str) -> String {
    let (first, rest) = change.split_once(' ').unwrap_or((change, ""));
    let word = WORDS.iter().find(|(told, _)| *told == first).map_or(first, |(_, asked)| asked);
    format!("{word} {rest}")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_reads_as_what_is_to_be_done() {
        let changes = Changes::from_iter(["created role a", "took back schema a", "set displayName of realm a"]);
        assert_eq!(changes.to_string(), "created role a, took back schema a, set displayName of realm a");
        assert_eq!(changes.to_do(), "create role a, take back schema a, set displayName of realm a");
        assert!(WORDS.is_sorted());
    }
}
