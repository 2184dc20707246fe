//! A plugin's version.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The most characters a version has: a workload's name holds id and version in 63 bytes.
const MAX_LEN: usize = 24;

/// Why a text cannot be a plugin's version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VersionError {
    /// Not semver.
    #[error("is not a semantic version such as 1.4.0 ({0})")]
    NotSemver(String),
    /// Has build metadata, which Kubernetes names and image tags cannot carry.
    #[error("must not have build metadata (\"+…\"): publish another version instead")]
    BuildMetadata,
    /// A pre-release that would not stay unique in a workload's name.
    #[error("may have lower-case letters, digits and single inner dashes in its pre-release part")]
    PreRelease,
    /// Too long.
    #[error("has {0} characters: at most {MAX_LEN} are allowed")]
    TooLong(usize),
}

/// A semantic version without build metadata, at most 24 characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PluginVersion(semver::Version);

impl PluginVersion {
    /// For matching against a requirement.
    pub const fn semver(&self) -> &semver::Version {
        &self.0
    }
}

impl FromStr for PluginVersion {
    type Err = VersionError;
    fn from_str(text: &str) -> Result<Self, VersionError> {
        if text.len() > MAX_LEN {
            return Err(VersionError::TooLong(text.chars().count()));
        }
        let version: semver::Version =
            text.parse().map_err(|error: semver::Error| VersionError::NotSemver(error.to_string()))?;
        if !version.build.is_empty() {
            return Err(VersionError::BuildMetadata);
        }
        let lower = |s: &str| !s.is_empty() && s.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        if !version.pre.is_empty() && !version.pre.split(['.', '-']).all(lower) {
            return Err(VersionError::PreRelease);
        }
        Ok(Self(version))
    }
}

impl TryFrom<String> for PluginVersion {
    type Error = VersionError;
    fn try_from(text: String) -> Result<Self, VersionError> {
        text.parse()
    }
}

impl From<PluginVersion> for String {
    fn from(version: PluginVersion) -> Self {
        version.to_string()
    }
}

impl fmt::Display for PluginVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for PluginVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_and_refused() {
        for good in ["1.4.0", "0.0.1", "1.4.0-rc.1", "2.0.0-beta-2.x"] {
            assert_eq!(good.parse::<PluginVersion>().map(|v| v.to_string()), Ok(good.to_owned()));
        }
        for (bad, why) in [
            ("1.4.0+build", VersionError::BuildMetadata),
            ("1.4.0-RC.1", VersionError::PreRelease),
            ("1.4.0-rc-.1", VersionError::PreRelease),
            ("1.4.0-abcdefghijklmnopqrs", VersionError::TooLong(25)),
        ] {
            assert_eq!(bad.parse::<PluginVersion>(), Err(why), "{bad}");
        }
        assert!(matches!("1.4".parse::<PluginVersion>(), Err(VersionError::NotSemver(_))));
    }
}
