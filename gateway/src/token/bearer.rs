//! The token in a request's head.

use http::{HeaderMap, header::AUTHORIZATION};

use super::AuthError;

/// The one bearer token of a request ([RFC 6750](https://www.rfc-editor.org/rfc/rfc6750)). Two
/// headers are refused: which one counts would be a matter of who reads.
///
/// # Errors
/// [`AuthError::Missing`] or [`AuthError::Malformed`].
pub fn bearer(headers: &HeaderMap) -> Result<&str, AuthError> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or(AuthError::Missing)?;
    if values.next().is_some() {
        return Err(AuthError::Malformed);
    }
    let (scheme, token) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or(AuthError::Malformed)?;
    let of_a_token = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let holds = scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && token.bytes().all(of_a_token);
    holds.then_some(token).ok_or(AuthError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn of(values: &[&str]) -> Result<String, AuthError> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        }
        bearer(&headers).map(str::to_owned)
    }

    #[test]
    fn exactly_one() {
        assert_eq!(of(&["Bearer a.b-_.c"]).as_deref(), Ok("a.b-_.c"));
        assert_eq!(of(&["bearer abc"]).as_deref(), Ok("abc"));
        assert_eq!(of(&[]), Err(AuthError::Missing));
        for values in [
            &["Bearer a", "Bearer a"][..],
            &["Bearer a", "Basic b"],
            &["Bearer"],
            &["Bearer "],
            &["Bearer  a"],
            &["Bearer a b"],
            &["Bearer a,Bearer b"],
            &["Basic a"],
            &["a.b.c"],
            &[""],
        ] {
            assert_eq!(of(values), Err(AuthError::Malformed), "{values:?}");
        }
    }
}
