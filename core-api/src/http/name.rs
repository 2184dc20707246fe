//! The name of a resource, from a path.

use axum::extract::{FromRequestParts, Path};
use http::request::Parts;

use super::ApiError;

/// The longest name that Kubernetes takes.
const LONGEST: usize = 253;

/// `{name}` of a path, decoded. It becomes a part of the Kubernetes API's own path, which nobody
/// escapes on the way: so what is no name there (a slash, `..`, a question mark) ends here, as the
/// name of nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceName(pub String);

impl<S: Send + Sync> FromRequestParts<S> for ResourceName {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(name)) if is_name(&name) => Ok(Self(name)),
            _ => Err(ApiError::not_found()),
        }
    }
}

/// Whether it is a DNS-1123 subdomain ([RFC 1123](https://www.rfc-editor.org/rfc/rfc1123)), as names
/// of our kinds are.
fn is_name(text: &str) -> bool {
    let label = |label: &str| {
        let bytes = label.as_bytes();
        let inner = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-';
        !bytes.is_empty() && bytes.iter().all(inner) && !label.starts_with('-') && !label.ends_with('-')
    };
    text.len() <= LONGEST && text.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_stand_in_a_path() {
        for name in ["acme", "acme-corp", "crm-1.4.0", "crm-2.0.0-rc.1", "0", &"a".repeat(LONGEST)] {
            assert!(is_name(name), "{name}");
        }
        for other in [
            "",
            ".",
            "..",
            "a..b",
            "a/b",
            "../tenants/globex",
            "a?watch=true",
            "?fieldSelector=",
            "a#b",
            "a%2fb",
            "a b",
            "a\0",
            "a\n",
            "-a",
            "a-",
            "Acme",
            "é",
            &"a".repeat(LONGEST + 1),
        ] {
            assert!(!is_name(other), "{other:?}");
        }
    }
}
