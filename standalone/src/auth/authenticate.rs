//! Bearer tokens.

use http::HeaderMap;
use http::header::AUTHORIZATION;
use subtle::ConstantTimeEq;

use super::{Token, User, hash};
use crate::api_error::{ApiError, ApiResult};

/// The caller. Without a token it is the anonymous user; with a wrong one it is nobody.
pub fn authenticate(headers: &HeaderMap, tokens: &[Token]) -> ApiResult<User> {
    let refused = || ApiError::new(401, "Unauthorized", "Unauthorized");
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Ok(User::anonymous());
    };
    if values.next().is_some() {
        return Err(refused());
    }
    let Some((scheme, secret)) = value.to_str().ok().and_then(|text| text.trim().split_once(' ')) else {
        return Ok(User::anonymous());
    };
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Ok(User::anonymous());
    }
    let presented = hash(secret.trim());
    // Every token is looked at, in constant time each: how long it takes tells nothing.
    let mut found = None;
    for token in tokens {
        if bool::from(token.secret_hash.ct_eq(&presented)) {
            found = Some(token);
        }
    }
    let token = found.ok_or_else(refused)?;
    let mut groups = token.groups.clone();
    groups.push("system:authenticated".into());
    Ok(User { name: token.name.clone(), groups, rules: token.rules.clone() })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn ask(values: &[&str]) -> ApiResult<User> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, value.parse().unwrap());
        }
        let tokens =
            [Token::new("ada", "s3cret", vec!["crew".into()], vec![]), Token::new("bob", "other", vec![], vec![])];
        authenticate(&headers, &tokens)
    }

    #[test]
    fn knows_its_tokens_and_refuses_others() {
        assert_eq!(ask(&["Bearer s3cret"]).unwrap().name, "ada");
        assert_eq!(ask(&["bearer other"]).unwrap().name, "bob");
        assert!(ask(&["Bearer s3cret"]).unwrap().is_in("system:authenticated"));
        assert_eq!(ask(&["Bearer wrong"]).unwrap_err().code(), 401);
        assert_eq!(ask(&["Bearer s3cret", "Bearer s3cret"]).unwrap_err().code(), 401);
        assert_eq!(ask(&[]).unwrap().name, "system:anonymous");
        assert_eq!(ask(&["Basic eDp5"]).unwrap().name, "system:anonymous");
    }
}
