//! The rule that slugs and ids share.

use super::MAX_LEN;

/// Why a text cannot be a slug or a plugin id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Empty.
    #[error("must not be empty: write a short name such as \"acme-corp\"")]
    Empty,
    /// Too long.
    #[error("has {0} characters: at most {MAX_LEN} are allowed")]
    TooLong(usize),
    /// Not a DNS-1123 label.
    #[error(
        "may hold lower-case letters, digits and single dashes, must start with a letter and end with a letter or digit"
    )]
    NotALabel,
    /// Has the segment that joins tenant and plugin in names.
    #[error("must not have \"plugin\" between dashes: that word joins tenant and plugin in schema names")]
    PluginSegment,
    /// A word of the platform's own.
    #[error("is reserved for the platform: choose another name")]
    Reserved,
}

/// The same rule stands in the CRDs as CEL.
pub(super) fn check(text: &str) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    let length = text.chars().count();
    if length > MAX_LEN {
        return Err(NameError::TooLong(length));
    }
    // A leading letter keeps the name usable as a DNS-1035 label (Services) and an SQL identifier;
    // single dashes keep `-`/`_` translation and punycode prefixes ("xn--") out of the question.
    let starts_with_letter = text.starts_with(|c: char| c.is_ascii_lowercase());
    let segments_hold = text
        .split('-')
        .all(|segment| !segment.is_empty() && segment.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()));
    if !starts_with_letter || !segments_hold {
        return Err(NameError::NotALabel);
    }
    if text.split('-').any(|segment| segment == "plugin") {
        return Err(NameError::PluginSegment);
    }
    Ok(())
}

/// A checked text newtype: parse, display, serde, ordering.
macro_rules! label_type {
    ($(#[$doc:meta])* $name:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// As part of an SQL identifier: dashes become underscores.
            pub(super) fn sql(&self) -> String {
                self.0.replace('-', "_")
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::name::NameError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let check: fn(&str) -> Result<(), $crate::name::NameError> = $check;
                check(text).map(|()| Self(text.to_owned()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::name::NameError;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{:?}", self.0)
            }
        }
    };
}
pub(super) use label_type;
