//! Who manages one tenant, or the platform.

use axum::extract::FromRequestParts;
use http::request::Parts;
use plexica_contract::name::Slug;

use super::{User, tenant_admin};
use crate::{http::ApiError, state::Shared};

/// A user with the role `admin` of a tenant's realm, for that tenant; or a super-admin, for the tenant
/// named by `?tenant=`, and for the platform itself where none is named.
#[derive(Clone, Debug)]
pub struct Overseer {
    /// Who.
    pub user: User,
    /// For which tenant, which need not exist. For none: a super-admin alone.
    pub tenant: Option<Slug>,
}

impl FromRequestParts<Shared> for Overseer {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, state: &Shared) -> Result<Self, ApiError> {
        let (user, asked) = tenant_admin::asked(parts, state).await?;
        let tenant = decide(&user, asked.as_deref())?;
        Ok(Self { user, tenant })
    }
}

fn decide(user: &User, asked: Option<&str>) -> Result<Option<Slug>, ApiError> {
    if asked.is_none() && user.is_super_admin() {
        return Ok(None);
    }
    tenant_admin::decide(user, asked).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::user::with_role as user;
    use plexica_contract::error::Code;

    #[test]
    fn the_platform_itself_is_for_super_admins_alone() {
        for (user, asked, expected) in [
            (user(None, "super-admin"), None, Ok(None)),
            (user(None, "super-admin"), Some("globex"), Ok(Some("globex"))),
            (user(None, "super-admin"), Some(""), Err(Code::NotFound)),
            (user(None, "admin"), None, Err(Code::Forbidden)),
            (user(Some("acme"), "super-admin"), None, Err(Code::Forbidden)),
            (user(Some("acme"), "user"), None, Err(Code::Forbidden)),
            (user(Some("acme"), "admin"), None, Ok(Some("acme"))),
            (user(Some("acme"), "admin"), Some("globex"), Err(Code::NotFound)),
        ] {
            let decided = decide(&user, asked).map_err(|error| error.body().error.code);
            let expected = expected.map(|slug| slug.map(|slug| slug.parse().unwrap()));
            assert_eq!(decided, expected, "{user:?} asks for {asked:?}");
        }
    }
}
