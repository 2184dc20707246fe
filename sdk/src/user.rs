//! The signed-in user.

use axum::extract::FromRequestParts;
use http::request::Parts;

use crate::{Error, Permission, caller};

/// The signed-in user who is calling: an extractor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    id: String,
    username: Option<String>,
    email: Option<String>,
    roles: Vec<String>,
    permissions: Vec<String>,
}

impl User {
    pub(crate) fn new(
        id: String,
        username: Option<String>,
        email: Option<String>,
        roles: Vec<String>,
        permissions: Vec<String>,
    ) -> Self {
        Self { id, username, email, roles, permissions }
    }

    /// The id: unique in the tenant, never changes.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The name it signs in with, or its id if the platform was told none.
    pub fn username(&self) -> &str {
        self.username.as_deref().unwrap_or(&self.id)
    }

    /// Its address, if the platform was told.
    pub fn email(&self) -> Option<&str> {
        self.email.as_deref()
    }

    /// Its roles in the tenant.
    pub fn roles(&self) -> &[String] {
        &self.roles
    }

    /// Whether it has a permission, for what a route's guard cannot decide alone.
    pub fn may<P: Permission>(&self) -> bool {
        self.permissions.iter().any(|key| key == P::DECLARATION.key)
    }
}

impl<S: Sync> FromRequestParts<S> for User {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        Ok(caller::authenticate(parts).await?.user.clone())
    }
}
