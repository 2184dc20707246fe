//! A permission.

use std::{borrow::Borrow, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{MAX_LENGTH, PermissionError, SEPARATOR, Scope, is_segment, text};

/// A permission that an endpoint asks for: `resource:action`, or `plugin:resource:action`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Permission(Box<str>);

impl Permission {
    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is done: the last segment.
    pub fn action(&self) -> &str {
        self.0.rsplit(SEPARATOR).next().unwrap_or_default()
    }

    /// To what it is done: all segments but the last.
    pub fn resource(&self) -> &str {
        self.0.rsplit_once(SEPARATOR).map_or("", |(resource, _)| resource)
    }

    pub(super) fn segments(&self) -> impl Iterator<Item = &str> {
        self.0.split(SEPARATOR)
    }
}

impl FromStr for Permission {
    type Err = PermissionError;
    fn from_str(text: &str) -> Result<Self, PermissionError> {
        if text.len() > MAX_LENGTH {
            return Err(PermissionError::Long);
        }
        let segments: Vec<_> = text.split(SEPARATOR).collect();
        if !(2..=3).contains(&segments.len()) {
            return Err(PermissionError::Segments);
        }
        if !segments.iter().all(|segment| is_segment(segment)) {
            return Err(PermissionError::Segment);
        }
        if segments.last().is_some_and(|last| last.parse::<Scope>().is_ok()) {
            return Err(PermissionError::Scope);
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Borrow<str> for Permission {
    fn borrow(&self) -> &str {
        &self.0
    }
}

text!(Permission);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_segment_is_the_action() {
        for (text, resource, action) in
            [("users:read", "users", "read"), ("crm:contacts:write", "crm:contacts", "write")]
        {
            let permission: Permission = text.parse().unwrap();
            assert_eq!((permission.resource(), permission.action()), (resource, action));
        }
    }

    #[test]
    fn what_is_none_says_why() {
        for (text, why) in [
            ("", PermissionError::Segments),
            ("users", PermissionError::Segments),
            ("a:b:c:d", PermissionError::Segments),
            ("users:", PermissionError::Segment),
            (":read", PermissionError::Segment),
            ("Users:read", PermissionError::Segment),
            ("users:*", PermissionError::Segment),
            ("1users:read", PermissionError::Segment),
            ("users:own", PermissionError::Scope),
            (&format!("users:{}", "r".repeat(80)), PermissionError::Long),
        ] {
            assert_eq!(text.parse::<Permission>(), Err(why), "{text}");
        }
    }
}
