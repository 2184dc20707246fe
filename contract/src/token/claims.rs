//! What a platform token says.

use serde::{Deserialize, Serialize};

use super::{Audience, BodyDigest};
use crate::name::Slug;

/// The claims, as they stand in the JWT's payload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// `plexica:<installation id>`
    pub iss: String,
    /// The one receiver.
    pub aud: Audience,
    /// Issued at, seconds since 1970.
    pub iat: u64,
    /// Not valid before, seconds since 1970.
    pub nbf: u64,
    /// Expires, seconds since 1970; at most [`super::MAX_LIFETIME_SECONDS`] after `iat`.
    pub exp: u64,
    /// One id per token.
    pub jti: String,
    /// The tenant the caller acts in. Absent only for platform users (super-admins) and for
    /// calls that concern no tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<Slug>,
    /// Who is calling.
    #[serde(flatten)]
    pub subject: Subject,
    /// SHA-256 of the body, for lifecycle and event calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<BodyDigest>,
}

/// Who is calling.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Subject {
    /// A person (or service account) of the tenant's realm, or of the platform's.
    User {
        /// `sub` of the realm's token.
        sub: String,
        /// `preferred_username`, for people who read logs.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        username: Option<String>,
        /// `email`, when the realm's token carries one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        email: Option<String>,
        /// Roles in the tenant (or `super-admin` in the platform realm).
        roles: Vec<String>,
        /// Permission keys for this audience alone, already reduced to what was granted.
        permissions: Vec<String>,
    },
    /// The operator, at `/_plexica/lifecycle`.
    Lifecycle,
    /// The event relay, at `/_plexica/events`.
    Event,
}
