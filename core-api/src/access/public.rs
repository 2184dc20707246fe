//! Anybody who reaches the service, for what is no secret.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;

/// Anybody. For public keys alone, which plugins fetch before they can check anything.
#[derive(Clone, Copy, Debug)]
pub struct Public;

impl<S: Sync> FromRequestParts<S> for Public {
    type Rejection = Infallible;
    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self)
    }
}
