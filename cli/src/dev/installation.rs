//! The installation's id, and the names that are made from it.

use std::{fmt, str::FromStr};

use plexica_contract::name::{NameError, Slug};

/// Not the chart's default: a `dev` with the Keycloak of a real installation must never take that
/// one's realms for its own.
pub const DEFAULT: &str = "dev";

/// The id in every ownership mark. An id of one's own also gives realms and buckets names of their
/// own, so that several can share a Keycloak and an object store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installation(Slug);

impl Installation {
    /// Before the slug in names of realms and buckets.
    pub fn prefix(&self) -> String {
        if self.is_default() { "tenant-".into() } else { format!("{self}-tenant-") }
    }

    /// The realm of super-admins.
    pub fn platform_realm(&self) -> String {
        if self.is_default() { "plexica".into() } else { self.to_string() }
    }

    fn is_default(&self) -> bool {
        self.0.as_str() == DEFAULT
    }
}

impl FromStr for Installation {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        text.parse().map(Self)
    }
}

impl fmt::Display for Installation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_follow_the_id() {
        for (id, prefix, realm) in [(DEFAULT, "tenant-", "plexica"), ("ada", "ada-tenant-", "ada")] {
            let installation: Installation = id.parse().unwrap();
            assert_eq!((installation.prefix().as_str(), installation.platform_realm().as_str()), (prefix, realm));
        }
        assert!("plexica".parse::<Installation>().is_err(), "the chart's default");
    }
}
