//! What is asked for, and what is given.

mod grant;
mod key;
mod pattern;
mod scope;

pub use grant::Grant;
pub use key::Permission;
pub use pattern::Pattern;
pub use scope::Scope;

/// What separates segments.
const SEPARATOR: char = ':';
/// Instead of a segment, any; at the end, any number of them.
const WILDCARD: &str = "*";
/// Of a whole text.
const MAX_LENGTH: usize = 80;

/// Why a text is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PermissionError {
    /// Not `resource:action` nor `plugin:resource:action`.
    #[error("a permission is `resource:action` or `plugin:resource:action`")]
    Segments,
    /// A segment is empty or has other characters.
    #[error("each part of a permission is lower-case letters, digits and dashes, and begins with a letter")]
    Segment,
    /// `*` beside other characters of a segment.
    #[error("`*` stands for whole parts: `crm:*`, and not `cr*`")]
    Wildcard,
    /// The name of a scope where an action is expected.
    #[error("`own`, `team` and `all` are scopes and no actions")]
    Scope,
    /// More than 80 characters.
    #[error("a permission has at most 80 characters")]
    Long,
}

/// `[a-z][a-z0-9-]*`
fn is_segment(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_lowercase())
        && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// Text that serde reads by `FromStr` and writes by `Display`.
macro_rules! text {
    ($name:ident) => {
        impl TryFrom<String> for $name {
            type Error = PermissionError;
            fn try_from(text: String) -> Result<Self, PermissionError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(one: $name) -> Self {
                one.to_string()
            }
        }
    };
}
use text;
