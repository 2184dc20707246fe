//! Who manages one tenant.

use axum::extract::{FromRequestParts, Query};
use http::request::Parts;
use plexica_contract::{error::Code, name::Slug};
use serde::Deserialize;

use super::User;
use crate::{http::ApiError, state::Shared};

/// A user with the role `admin` of a tenant's realm, for that tenant; or a super-admin, for the
/// tenant named by `?tenant=`.
#[derive(Clone, Debug)]
pub struct TenantAdmin {
    /// Who.
    pub user: User,
    /// For which tenant. It need not exist.
    pub tenant: Slug,
}

#[derive(Deserialize)]
struct Parameters {
    tenant: Option<String>,
}

impl FromRequestParts<Shared> for TenantAdmin {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, state: &Shared) -> Result<Self, ApiError> {
        let (user, asked) = asked(parts, state).await?;
        decide(&user, asked.as_deref()).map(|tenant| Self { user, tenant })
    }
}

/// Who asks, and for which tenant.
pub(super) async fn asked(parts: &mut Parts, state: &Shared) -> Result<(User, Option<String>), ApiError> {
    let user = User::authenticate(&parts.headers, state)?;
    let Query(Parameters { tenant }) = Query::from_request_parts(parts, state)
        .await
        .map_err(|error| ApiError::bad_field("query", error.body_text()))?;
    Ok((user, tenant))
}

/// The tenant that this user may manage and asks for. Another tenant looks as if it were not there.
pub(super) fn decide(user: &User, asked: Option<&str>) -> Result<Slug, ApiError> {
    if user.is_super_admin() {
        let asked = asked.ok_or_else(|| ApiError::bad_field("tenant", "say which tenant: ?tenant=<slug>"))?;
        return asked.parse().map_err(|_| ApiError::not_found());
    }
    let own = user.tenant.as_ref().filter(|own| user.is_admin_of(own));
    let own = own.ok_or_else(|| ApiError::new(Code::Forbidden, "Only administrators of the tenant may do this."))?;
    if asked.is_some_and(|asked| asked != own.as_str()) {
        return Err(ApiError::not_found());
    }
    Ok(own.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::user::with_role as user;

    #[test]
    fn ones_own_tenant_or_the_one_named() {
        for (user, asked, expected) in [
            (user(Some("acme"), "admin"), None, Ok("acme")),
            (user(Some("acme"), "admin"), Some("acme"), Ok("acme")),
            (user(Some("acme"), "admin"), Some("globex"), Err(Code::NotFound)),
            (user(Some("acme"), "user"), Some("acme"), Err(Code::Forbidden)),
            (user(Some("acme"), "super-admin"), Some("globex"), Err(Code::Forbidden)),
            (user(None, "admin"), Some("acme"), Err(Code::Forbidden)),
            (user(None, "super-admin"), Some("globex"), Ok("globex")),
            (user(None, "super-admin"), Some("no slug"), Err(Code::NotFound)),
            (user(None, "super-admin"), None, Err(Code::BadRequest)),
        ] {
            let decided = decide(&user, asked).map_err(|error| error.body().error.code);
            assert_eq!(decided, expected.map(|slug| slug.parse().unwrap()), "{user:?} asks for {asked:?}");
        }
    }
}
