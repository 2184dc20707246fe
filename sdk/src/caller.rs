//! Who is calling, proved once per request.

use std::sync::Arc;

use http::{HeaderMap, header, request::Parts};
use plexica_contract::{
    name::Slug,
    token::{Claims, Subject},
};

use crate::{Error, Result, User, host::Host};

/// A user of a tenant, as the platform's token says.
pub(crate) struct Caller {
    pub(crate) tenant: Slug,
    pub(crate) user: User,
}

/// The caller; the token is verified the first time this is asked for a request.
pub(crate) async fn authenticate(parts: &mut Parts) -> Result<Arc<Caller>> {
    if let Some(caller) = parts.extensions.get::<Arc<Caller>>() {
        return Ok(caller.clone());
    }
    let host = host(parts)?;
    let claims = verify(&host, &parts.headers).await?;
    let Subject::User { sub, username, email, roles, permissions } = claims.subject else {
        tracing::info!("a token of another kind was used for a user's request");
        return Err(Error::unauthenticated());
    };
    let Some(tenant) = claims.tenant else {
        return Err(Error::forbidden("This token acts in no tenant."));
    };
    // What the platform knows of it counts more than a token of a moment ago.
    if host.tenants.known(&tenant).is_some_and(|known| known.suspended) {
        return Err(Error::suspended());
    }
    let span = tracing::Span::current();
    span.record("tenant", tenant.as_str());
    span.record("user", &sub);
    let caller = Arc::new(Caller { tenant, user: User::new(sub, username, email, roles, permissions) });
    parts.extensions.insert(caller.clone());
    Ok(caller)
}

/// The plugin this request came to.
pub(crate) fn host(parts: &Parts) -> Result<Arc<Host>> {
    // The outermost layer puts it there for every route.
    parts.extensions.get::<Arc<Host>>().cloned().ok_or_else(Error::fault)
}

/// The claims of the one bearer token of these headers.
pub(crate) async fn verify(host: &Host, headers: &HeaderMap) -> Result<Claims> {
    let token = bearer(headers).ok_or_else(Error::unauthenticated)?;
    host.keys.verify(token).await.map_err(|error| {
        tracing::info!(%error, "a token was refused");
        Error::unauthenticated()
    })
}

/// The token, if there is exactly one `Authorization` header: with two, somebody in between might
/// look at the other one.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bearer_token_and_nothing_else() {
        for (lines, token) in [
            (vec!["Bearer abc"], Some("abc")),
            (vec!["bearer abc"], Some("abc")),
            (vec![], None),
            (vec!["abc"], None),
            (vec!["Basic abc"], None),
            (vec!["Bearer abc", "Bearer abc"], None),
            (vec!["Bearer abc", "Basic abc"], None),
        ] {
            let mut headers = HeaderMap::new();
            for line in &lines {
                headers.append(header::AUTHORIZATION, line.parse().unwrap());
            }
            assert_eq!(bearer(&headers), token, "{lines:?}");
        }
    }
}
