//! What a role is given.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{Pattern, Permission, PermissionError, SEPARATOR, Scope, text};

/// Permissions and a scope: `crm:contacts:read`, `crm:*:own`, `users:read:team`. Without a scope, for all resources.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Grant {
    /// Which permissions.
    pub pattern: Pattern,
    /// For which resources.
    pub scope: Scope,
}

impl Grant {
    /// For which resources this permission is given; none at all without a scope.
    pub fn gives(&self, permission: &Permission) -> Option<Scope> {
        self.pattern.matches(permission).then_some(self.scope)
    }

    /// Whether who has this has the other one as well: nobody gives what he does not have.
    pub fn covers(&self, other: &Self) -> bool {
        self.scope >= other.scope && self.pattern.covers(&other.pattern)
    }
}

impl FromStr for Grant {
    type Err = PermissionError;
    fn from_str(text: &str) -> Result<Self, PermissionError> {
        let scoped = text.rsplit_once(SEPARATOR).and_then(|(before, last)| Some((before, last.parse().ok()?)));
        let (pattern, scope) = scoped.unwrap_or((text, Scope::All));
        Ok(Self { pattern: pattern.parse()?, scope })
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pattern.fmt(f)?;
        if self.scope == Scope::All { Ok(()) } else { write!(f, "{SEPARATOR}{}", self.scope) }
    }
}

text!(Grant);

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(text: &str) -> Grant {
        text.parse().unwrap()
    }

    #[test]
    fn the_last_segment_may_be_a_scope() {
        for (text, permission, scope) in [
            ("users:read", "users:read", Some(Scope::All)),
            ("users:read:all", "users:read", Some(Scope::All)),
            ("users:read:own", "users:read", Some(Scope::Own)),
            ("crm:*:team", "crm:contacts:read", Some(Scope::Team)),
            ("*:own", "crm:contacts:read", Some(Scope::Own)),
            ("users:read:own", "users:write", None),
        ] {
            assert_eq!(grant(text).gives(&permission.parse().unwrap()), scope, "{text}");
        }
    }

    #[test]
    fn all_is_not_written() {
        for (text, written) in [("users:read:all", "users:read"), ("users:*:own", "users:*:own"), ("*", "*")] {
            assert_eq!(grant(text).to_string(), written);
        }
    }

    #[test]
    fn a_narrower_scope_does_not_cover_a_wider_one() {
        assert!(grant("crm:*").covers(&grant("crm:contacts:read:own")));
        assert!(!grant("crm:*:own").covers(&grant("crm:contacts:read")));
        assert!(grant("crm:*:team").covers(&grant("crm:contacts:*:own")));
    }

    #[test]
    fn a_scope_alone_is_none() {
        assert_eq!("own".parse::<Grant>(), Err(PermissionError::Segments));
        assert_eq!("users:own".parse::<Grant>(), Err(PermissionError::Segments));
    }
}
