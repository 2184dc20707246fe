//! The platform's own administrators.

use axum::extract::FromRequestParts;
use http::request::Parts;
use plexica_contract::error::Code;

use super::User;
use crate::{http::ApiError, state::Shared};

/// A user of the platform's realm with the role `super-admin`.
#[derive(Clone, Debug)]
pub struct SuperAdmin(pub User);

impl FromRequestParts<Shared> for SuperAdmin {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, state: &Shared) -> Result<Self, ApiError> {
        let user = User::authenticate(&parts.headers, state)?;
        if user.is_super_admin() {
            return Ok(Self(user));
        }
        Err(ApiError::new(Code::Forbidden, "Only super-admins of the platform may do this."))
    }
}
