//! Where a client may send people back to.

use url::Url;

use super::super::store::Client;

/// Whether a URI is one of the client's: the same text, or below one that ends in `/*`.
pub fn allowed(client: &Client, uri: &str) -> bool {
    client.texts("redirectUris").any(|pattern| matches(pattern, uri))
}

fn matches(pattern: &str, uri: &str) -> bool {
    // The parser's own text: `..`, backslashes and odd slashes are resolved as a browser would.
    let Ok(parsed) = Url::parse(uri) else { return false };
    if parsed.as_str() != uri && parsed.as_str().trim_end_matches('/') != uri {
        return false;
    }
    if !parsed.username().is_empty() || parsed.password().is_some() || parsed.fragment().is_some() {
        return false;
    }
    match pattern.strip_suffix('*') {
        Some(prefix) if prefix.ends_with('/') => parsed.as_str().starts_with(prefix),
        _ => pattern == uri,
    }
}

/// The URI with the answer in its query or fragment.
pub fn with(uri: &str, fragment: bool, answer: &[(&str, &str)]) -> Option<String> {
    let mut url = Url::parse(uri).ok()?;
    if fragment {
        let text = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(answer).finish();
        url.set_fragment(Some(&text));
    } else {
        url.query_pairs_mut().extend_pairs(answer);
    }
    Some(url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_registered() {
        for (pattern, uri, fits) in [
            ("https://app.test/cb", "https://app.test/cb", true),
            ("https://app.test/cb", "https://app.test/cb/", false),
            ("https://app.test/cb", "https://app.test/cb?x=1", false),
            ("https://app.test/*", "https://app.test/", true),
            ("https://app.test/*", "https://app.test", true),
            ("https://app.test/*", "https://app.test/a/b?x=1", true),
            ("https://app.test/*", "http://app.test/", false),
            ("https://app.test/*", "https://app.test.evil.test/", false),
            ("https://app.test/*", "https://app.test@evil.test/", false),
            ("https://app.test/*", "https://u:p@app.test/", false),
            ("https://app.test/*", "https://app.test:444/", false),
            ("https://app.test/a/*", "https://app.test/a/../b", false),
            ("https://app.test/a/*", "https://app.test/a/%2e%2e/b", false),
            ("https://app.test/*", "https://app.test\\@evil.test/", false),
            ("https://app.test/*", "https://app.test/#f", false),
            ("https://app.test/*", "javascript:alert(1)", false),
            ("*", "https://evil.test/", false),
            ("https://app*", "https://app.evil.test/", false),
        ] {
            assert_eq!(matches(pattern, uri), fits, "{uri} for {pattern}");
        }
    }

    #[test]
    fn answers_are_encoded() {
        let answer = [("code", "a b"), ("state", "&x=1#")];
        let query = with("https://app.test/cb?k=v", false, &answer).unwrap();
        assert_eq!(query, "https://app.test/cb?k=v&code=a+b&state=%26x%3D1%23");
        let fragment = with("https://app.test/cb", true, &answer).unwrap();
        assert_eq!(fragment, "https://app.test/cb#code=a+b&state=%26x%3D1%23");
    }
}
