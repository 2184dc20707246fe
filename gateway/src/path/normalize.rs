//! The one spelling of a path.

/// The path has two readings, or is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("The path must not have encoded slashes or dots, empty or dot segments, backslashes or control characters.")]
pub struct Ambiguous;

/// The normal form of a path as it stood in the request line.
///
/// # Errors
/// [`Ambiguous`] when it could be read in two ways.
pub fn normalize(raw: &str) -> Result<String, Ambiguous> {
    if !raw.starts_with('/') {
        return Err(Ambiguous);
    }
    let mut path = String::with_capacity(raw.len());
    let mut bytes = raw.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let value = hex(bytes.next())? << 4 | hex(bytes.next())?;
                match value {
                    b'/' | b'\\' | b'.' | 0..=0x1f | 0x7f => return Err(Ambiguous),
                    b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'~' => path.push(char::from(value)),
                    _ => path.extend(['%', upper_hex(value >> 4), upper_hex(value & 0xf)]),
                }
            }
            b'\\' | 0..=0x20 | 0x7f.. => return Err(Ambiguous),
            _ => path.push(char::from(byte)),
        }
    }
    // The last segment may be empty: that is a trailing slash.
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        // Some servers cut parameters (";…") off before they read dots.
        let name = segment.split(';').next().unwrap_or_default();
        let trailing = segment.is_empty() && segments.peek().is_none();
        if matches!(name, "." | "..") || (name.is_empty() && !trailing) {
            return Err(Ambiguous);
        }
    }
    Ok(path)
}

const fn upper_hex(value: u8) -> char {
    (if value < 10 { b'0' + value } else { b'A' + value - 10 }) as char
}

fn hex(digit: Option<u8>) -> Result<u8, Ambiguous> {
    let value = digit.and_then(|digit| char::from(digit).to_digit(16)).ok_or(Ambiguous)?;
    u8::try_from(value).map_err(|_| Ambiguous)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_has_one_reading() {
        for (raw, path) in [
            ("/", "/"),
            ("/api/v1/me", "/api/v1/me"),
            ("/api/plugins/crm/", "/api/plugins/crm/"),
            ("/a%20b", "/a%20b"),
            ("/%61pi/%7Eada", "/api/~ada"),
            ("/%c3%a9", "/%C3%A9"),
            ("/100%25", "/100%25"),
            ("/a;v=1/b", "/a;v=1/b"),
            ("/a..b/...", "/a..b/..."),
            ("/%5fplexica", "/_plexica"),
        ] {
            assert_eq!(normalize(raw).as_deref(), Ok(path), "{raw}");
        }
    }

    #[test]
    fn what_has_two() {
        for raw in [
            "",
            "*",
            "api",
            "//",
            "//api",
            "/api//v1",
            "/./a",
            "/../a",
            "/a/..",
            "/a/.",
            "/a/..;x/b",
            "/;x/a",
            "/a%2fb",
            "/a%2Fb",
            "/a%5cb",
            "/a\\b",
            "/%2e%2e/a",
            "/.%2E/a",
            "/a%00",
            "/a%0d%0a",
            "/a%7f",
            "/a%",
            "/a%2",
            "/a%zz",
            "/a b",
            "/é",
        ] {
            assert_eq!(normalize(raw), Err(Ambiguous), "{raw:?}");
        }
    }

    proptest! {
        #[test]
        fn the_normal_form_is_its_own(raw in "(/[a-z.%;\\\\/2fF5cC_e0-9]{0,6}){1,5}") {
            if let Ok(path) = normalize(&raw) {
                prop_assert_eq!(normalize(&path), Ok(path.clone()));
                prop_assert!(!path.contains("//") && !path.contains("/../") && !path.contains('\\'));
                let lower = path.to_lowercase();
                prop_assert!(!lower.contains("%2f") && !lower.contains("%2e") && !lower.contains("%5c"));
            }
        }

        #[test]
        fn no_text_panics(raw in ".{0,60}") {
            let _ = normalize(&raw);
        }
    }
}
