//! Users' tokens: whose they are and whether they hold.
//!
//! A token chooses nothing: the issuer must be one the snapshot knows, the algorithm is the one of
//! the realm's key, and keys come from the configured Keycloak, never from an address in a token.

mod bearer;
mod caller;
mod fetch;
mod jwk;
mod key_store;
mod verify;

pub use bearer::bearer;
pub use caller::Caller;
pub use fetch::Fetcher;
pub use jwk::{KeySet, VerificationKey};
pub use key_store::KeyStore;
pub use verify::{AUDIENCE, verify};

/// Why a request has no caller. The sentences are for logs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// No `Authorization` header.
    #[error("no token")]
    Missing,
    /// More than one header, or not one bearer token.
    #[error("not exactly one bearer token")]
    Malformed,
    /// Not a JWT, or one whose header asks for what is not supported.
    #[error("not an access token: {0}")]
    NotAnAccessToken(&'static str),
    /// The issuer is nobody's here.
    #[error("unknown issuer")]
    UnknownIssuer,
    /// The realm has no such key.
    #[error("unknown key")]
    UnknownKey,
    /// Signature, audience or times do not hold.
    #[error("does not hold: {0}")]
    Invalid(String),
    /// The realm's keys cannot be had now; the token may be good.
    #[error("the realm's keys cannot be fetched")]
    KeysUnavailable,
}

impl AuthError {
    /// A word for metrics.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Malformed => "malformed",
            Self::NotAnAccessToken(_) => "not_an_access_token",
            Self::UnknownIssuer => "unknown_issuer",
            Self::UnknownKey => "unknown_key",
            Self::Invalid(_) => "invalid",
            Self::KeysUnavailable => "keys_unavailable",
        }
    }
}
