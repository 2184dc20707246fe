//! The platform's key pair.

use jsonwebtoken::{
    Algorithm, EncodingKey,
    jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash},
};
use serde::{Deserialize, Serialize};

/// Why a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The PEM is not a P-256 private key in PKCS#8.
    #[error("the platform's signing key must be a P-256 private key in PKCS#8 PEM")]
    NotP256(#[source] jsonwebtoken::errors::Error),
}

/// Signs platform tokens. Held by the operator and the gateway alone.
#[derive(Clone)]
pub struct SigningKey {
    pub(super) kid: String,
    pub(super) key: EncodingKey,
    jwk: Jwk,
}

impl SigningKey {
    /// Reads a P-256 private key in PKCS#8 PEM.
    ///
    /// # Errors
    /// [`KeyError::NotP256`] for anything else.
    pub fn from_pkcs8_pem(pem: &str) -> Result<Self, KeyError> {
        let key = EncodingKey::from_ec_pem(pem.as_bytes()).map_err(KeyError::NotP256)?;
        let mut jwk = Jwk::from_encoding_key(&key, Algorithm::ES256).map_err(KeyError::NotP256)?;
        let kid = jwk.thumbprint(ThumbprintHash::SHA256).map_err(KeyError::NotP256)?;
        jwk.common.key_id = Some(kid.clone());
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        Ok(Self { kid, key, jwk })
    }

    /// The public half, as it is handed to those who verify.
    pub fn public_keys(&self) -> PublicKeys {
        PublicKeys(JwkSet { keys: vec![self.jwk.clone()] })
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// The platform's public keys: a JWK set ([RFC 7517](https://www.rfc-editor.org/rfc/rfc7517)).
/// More than one while keys are rotated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PublicKeys(pub JwkSet);
