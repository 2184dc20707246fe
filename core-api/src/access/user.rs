//! A person, as the gateway vouches for them.

use http::{HeaderMap, header::AUTHORIZATION};
use plexica_contract::{error::Code, name::Slug, token::Subject};

use crate::{http::ApiError, state::State};

/// The role of the platform realm that may do everything.
const SUPER_ADMIN: &str = "super-admin";
/// The role of a tenant's realm that may manage the tenant.
const ADMIN: &str = "admin";

/// A person, as the platform token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// `sub` of the realm's token.
    pub sub: String,
    /// Name for people.
    pub username: Option<String>,
    /// Address.
    pub email: Option<String>,
    /// Roles in the realm.
    pub roles: Vec<String>,
    /// The tenant of the realm; none: the platform's own realm.
    pub tenant: Option<Slug>,
}

impl User {
    /// The platform's own administrator. A tenant's role of that name is worth nothing.
    pub fn is_super_admin(&self) -> bool {
        self.tenant.is_none() && self.roles.iter().any(|role| role == SUPER_ADMIN)
    }

    /// Whether the user manages this tenant from inside.
    pub fn is_admin_of(&self, tenant: &Slug) -> bool {
        self.tenant.as_ref() == Some(tenant) && self.roles.iter().any(|role| role == ADMIN)
    }

    /// From the request's one platform token for this API.
    pub(super) fn authenticate(headers: &HeaderMap, state: &State) -> Result<Self, ApiError> {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let (Some(value), None) = (values.next(), values.next()) else { return Err(ApiError::unauthenticated()) };
        let token = value.to_str().ok().and_then(|text| text.strip_prefix("Bearer "));
        let token = token.ok_or_else(ApiError::unauthenticated)?;
        let verifier = state
            .verifier()
            .ok_or_else(|| ApiError::new(Code::Unavailable, "Tokens cannot be checked at the moment; try again."))?;
        let claims = verifier.verify(token).map_err(|error| {
            tracing::info!(%error, "token refused");
            ApiError::unauthenticated()
        })?;
        match claims.subject {
            Subject::User { sub, username, email, roles, permissions: _ } => {
                // The gateway refuses first; a token it minted a moment before is good for a minute.
                if claims.tenant.as_ref().is_some_and(|tenant| state.catalog.is_suspended(tenant)) {
                    return Err(ApiError::suspended());
                }
                Ok(Self { sub, username, email, roles, tenant: claims.tenant })
            }
            Subject::Lifecycle | Subject::Event => Err(ApiError::unauthenticated()),
        }
    }
}

/// Somebody who has that role, in a tenant's realm or in the platform's.
#[cfg(test)]
pub(super) fn with_role(tenant: Option<&str>, role: &str) -> User {
    User {
        sub: "u".into(),
        username: None,
        email: None,
        roles: vec![role.into()],
        tenant: tenant.map(|slug| slug.parse().unwrap()),
    }
}

#[cfg(test)]
mod tests {
    use super::with_role as user;

    #[test]
    fn roles_count_where_they_are_from() {
        let acme = "acme".parse().unwrap();
        for (user, is_super_admin, is_admin) in [
            (user(None, "super-admin"), true, false),
            (user(None, "admin"), false, false),
            (user(Some("acme"), "super-admin"), false, false),
            (user(Some("acme"), "admin"), false, true),
            (user(Some("acme"), "user"), false, false),
            (user(Some("globex"), "admin"), false, false),
        ] {
            assert_eq!((user.is_super_admin(), user.is_admin_of(&acme)), (is_super_admin, is_admin), "{user:?}");
        }
    }
}
