//! Platform tokens: how one part of Plexica proves to another who is calling.
//!
//! A user's own token never goes past the gateway. The gateway (for users' requests) and the
//! operator (for lifecycle calls) mint a JWT ([RFC 7519], ES256) for one audience that lives at
//! most 60 seconds; every hop verifies it against the platform's public keys.
//!
//! [RFC 7519]: https://www.rfc-editor.org/rfc/rfc7519

mod audience;
mod claims;
mod digest;
mod keys;
mod mint;
mod verify;

pub use audience::Audience;
pub use claims::{Claims, Subject};
pub use digest::BodyDigest;
pub use keys::{KeyError, PublicKeys, SigningKey};
pub use mint::{MintError, Minter};
pub use verify::{Verifier, VerifyError};

/// The longest a platform token lives, in seconds.
pub const MAX_LIFETIME_SECONDS: u64 = 60;
/// How far the clocks of two machines may differ, in seconds.
pub const LEEWAY_SECONDS: u64 = 5;
/// `iss` of every platform token; the installation's id follows the colon.
pub const ISSUER_PREFIX: &str = "plexica:";
