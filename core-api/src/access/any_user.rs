//! Anybody who is signed in, in any realm.

use axum::extract::FromRequestParts;
use http::request::Parts;

use super::User;
use crate::{http::ApiError, state::Shared};

/// Anybody who is signed in.
#[derive(Clone, Debug)]
pub struct AnyUser(pub User);

impl FromRequestParts<Shared> for AnyUser {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, state: &Shared) -> Result<Self, ApiError> {
        User::authenticate(&parts.headers, state).map(Self)
    }
}
