//! A realm's signing key.

use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde_json::Value;

use super::fault::Fault;

/// A P-256 pair.
pub struct Key {
    kid: String,
    private: EncodingKey,
    public: Jwk,
}

impl Key {
    /// A new one, as PKCS#8 PEM.
    pub fn generate() -> Result<String, Fault> {
        let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).map_err(Fault::stored)?;
        Ok(pair.serialize_pem())
    }

    /// Reads [`Self::generate`].
    pub fn from_pem(pem: &str) -> Result<Self, Fault> {
        let private = EncodingKey::from_ec_pem(pem.as_bytes()).map_err(Fault::stored)?;
        let mut public = Jwk::from_encoding_key(&private, Algorithm::ES256).map_err(Fault::stored)?;
        let kid = public.thumbprint(ThumbprintHash::SHA256).map_err(Fault::stored)?;
        public.common.key_id = Some(kid.clone());
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        Ok(Self { kid, private, public })
    }

    /// The public half.
    pub fn jwks(&self) -> JwkSet {
        JwkSet { keys: vec![self.public.clone()] }
    }

    /// A signed token.
    pub fn sign(&self, claims: &Value) -> Result<String, Fault> {
        let header = Header { kid: Some(self.kid.clone()), ..Header::new(Algorithm::ES256) };
        encode(&header, claims, &self.private).map_err(Fault::stored)
    }

    /// The claims of a token of ours that has not ended, whatever its audience.
    pub fn verify(&self, token: &str, issuer: &str) -> Option<Value> {
        let mut validation = Validation::new(Algorithm::ES256);
        validation.set_issuer(&[issuer]);
        validation.set_required_spec_claims(&["exp", "iss"]);
        validation.validate_aud = false;
        validation.leeway = 0;
        let key = DecodingKey::from_jwk(&self.public).ok()?;
        Some(decode(token, &key, &validation).ok()?.claims)
    }
}
