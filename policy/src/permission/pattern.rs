//! Several permissions by one text.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{MAX_LENGTH, Permission, PermissionError, SEPARATOR, WILDCARD, is_segment, text};

/// Permissions by their segments: `crm:contacts:read`, `crm:*:read`, `crm:*` or `*`.
///
/// A `*` stands for one segment, and the last one for any number of them, one at least: `crm:*` matches `crm:contacts:read`, and
/// never `crmx:contacts:read`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern {
    /// None: any.
    segments: Vec<Option<Box<str>>>,
    /// More segments follow, of which nothing is said.
    is_open: bool,
}

impl Pattern {
    /// Whether this permission is one of them.
    pub fn matches(&self, permission: &Permission) -> bool {
        let mut asked = permission.segments();
        let is_alike = self
            .segments
            .iter()
            .all(|wanted| asked.next().is_some_and(|segment| wanted.as_deref().is_none_or(|wanted| wanted == segment)));
        is_alike && asked.next().is_some() == self.is_open
    }

    /// Whether each permission that the other one matches is matched by this one.
    pub fn covers(&self, other: &Self) -> bool {
        let longer = other.segments.len() + usize::from(other.is_open);
        let is_long_enough =
            if self.is_open { longer > self.segments.len() } else { !other.is_open && longer == self.segments.len() };
        let covers = |(mine, theirs): (&Option<Box<str>>, &Option<Box<str>>)| mine.is_none() || mine == theirs;
        is_long_enough && self.segments.iter().zip(&other.segments).all(covers)
    }
}

impl FromStr for Pattern {
    type Err = PermissionError;
    fn from_str(text: &str) -> Result<Self, PermissionError> {
        if text.len() > MAX_LENGTH {
            return Err(PermissionError::Long);
        }
        let mut segments = Vec::new();
        for segment in text.split(SEPARATOR) {
            segments.push(match segment {
                WILDCARD => None,
                named if is_segment(named) => Some(named.into()),
                beside if beside.contains(WILDCARD) => return Err(PermissionError::Wildcard),
                _ => return Err(PermissionError::Segment),
            });
        }
        let is_open = segments.last().is_some_and(Option::is_none);
        if is_open {
            segments.pop();
        }
        let lengths = if is_open { 0..=2 } else { 2..=3 };
        if !lengths.contains(&segments.len()) {
            return Err(PermissionError::Segments);
        }
        Ok(Self { segments, is_open })
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = self.segments.iter().map(|segment| segment.as_deref().unwrap_or(WILDCARD));
        for (at, segment) in named.chain(self.is_open.then_some(WILDCARD)).enumerate() {
            if at > 0 {
                write!(f, "{SEPARATOR}")?;
            }
            f.write_str(segment)?;
        }
        Ok(())
    }
}

text!(Pattern);

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, permission: &str) -> bool {
        pattern.parse::<Pattern>().unwrap().matches(&permission.parse().unwrap())
    }

    #[test]
    fn wildcards_stand_for_whole_segments() {
        for (pattern, permission, expected) in [
            ("crm:*", "crm:contacts:read", true),
            ("crm:*", "crm:read", true),
            ("crm:*", "crmx:contacts:read", false),
            ("crm:contacts:*", "crm:contacts:read", true),
            ("crm:contacts:*", "crm:read", false),
            ("crm:contacts:*", "crm:contactsx:read", false),
            ("crm:*:read", "crm:contacts:read", true),
            ("crm:*:read", "crm:contacts:write", false),
            ("crm:*:read", "crm:read", false),
            ("*:read", "users:read", true),
            ("*:read", "crm:contacts:read", false),
            ("*", "users:read", true),
            ("users:read", "users:read", true),
            ("users:read", "users:read-all", false),
            ("users:read", "users:read:mail", false),
        ] {
            assert_eq!(matches(pattern, permission), expected, "{pattern} {permission}");
        }
    }

    #[test]
    fn what_is_none_says_why() {
        for (text, why) in [
            ("cr*", PermissionError::Wildcard),
            ("crm:con*:read", PermissionError::Wildcard),
            ("crm:**", PermissionError::Wildcard),
            ("crm", PermissionError::Segments),
            ("", PermissionError::Segment),
            ("crm::read", PermissionError::Segment),
            ("a:b:c:d", PermissionError::Segments),
            ("a:b:c:d:*", PermissionError::Segments),
        ] {
            assert_eq!(text.parse::<Pattern>(), Err(why), "{text}");
        }
    }

    #[test]
    fn who_covers_whom() {
        for (one, other, expected) in [
            ("*", "crm:*", true),
            ("crm:*", "*", false),
            ("crm:*", "crm:contacts:*", true),
            ("crm:*", "crm:contacts:read", true),
            ("crm:contacts:*", "crm:*", false),
            ("crm:*:read", "crm:contacts:read", true),
            ("crm:contacts:read", "crm:*:read", false),
            ("crm:*", "crm:*:read", true),
            ("crm:*:read", "crm:*", false),
            ("users:read", "users:read", true),
            ("users:*", "users:*", true),
        ] {
            let [one, other] = [one, other].map(|text| text.parse::<Pattern>().unwrap());
            assert_eq!(one.covers(&other), expected, "{one} {other}");
        }
    }
}
