//! Making a token.

use jsonwebtoken::{Algorithm, Header, encode};

use super::{Audience, BodyDigest, Claims, ISSUER_PREFIX, MAX_LIFETIME_SECONDS, SigningKey, Subject};
use crate::name::Slug;

/// A token could not be signed.
#[derive(Debug, thiserror::Error)]
#[error("the platform token could not be signed")]
pub struct MintError(#[from] jsonwebtoken::errors::Error);

/// Mints the tokens of one installation.
#[derive(Clone, Debug)]
pub struct Minter {
    issuer: String,
    key: SigningKey,
}

impl Minter {
    /// For the installation of this id.
    pub fn new(installation: &str, key: SigningKey) -> Self {
        Self { issuer: format!("{ISSUER_PREFIX}{installation}"), key }
    }

    /// The key it signs with.
    pub const fn key(&self) -> &SigningKey {
        &self.key
    }

    /// A token for one receiver, valid for [`MAX_LIFETIME_SECONDS`] from `now` (seconds since
    /// 1970). `id` becomes `jti` and must be unique (a UUID).
    ///
    /// # Errors
    /// When signing fails.
    pub fn mint(
        &self,
        audience: Audience,
        tenant: Option<Slug>,
        subject: Subject,
        body: Option<BodyDigest>,
        id: String,
        now: u64,
    ) -> Result<String, MintError> {
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: audience,
            iat: now,
            nbf: now,
            exp: now + MAX_LIFETIME_SECONDS,
            jti: id,
            tenant,
            subject,
            body,
        };
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some(self.key.kid.clone());
        Ok(encode(&header, &claims, &self.key.key)?)
    }
}
