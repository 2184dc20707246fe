//! Checking a token.

use std::collections::HashMap;

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};

use super::{Audience, Claims, ISSUER_PREFIX, LEEWAY_SECONDS, MAX_LIFETIME_SECONDS, PublicKeys};

/// Why a token does not hold. The sentence is for logs; clients see 401 and nothing else.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// No JWT, or one without a known key id.
    #[error("the token is not signed by a key of the platform")]
    UnknownKey,
    /// Signature, issuer, audience or times do not hold.
    #[error("the token does not hold: {0}")]
    Invalid(#[from] jsonwebtoken::errors::Error),
    /// It claims to live longer than platform tokens do.
    #[error("the token lives longer than {MAX_LIFETIME_SECONDS} s")]
    TooLong,
}

/// Verifies platform tokens for one receiver.
#[derive(Clone)]
pub struct Verifier {
    keys: HashMap<String, DecodingKey>,
    validation: Validation,
}

impl Verifier {
    /// For the installation of this id, this receiver, and these public keys. Keys that are not
    /// P-256 signing keys are passed over.
    pub fn new(installation: &str, audience: &Audience, keys: &PublicKeys) -> Self {
        let keys = keys
            .0
            .keys
            .iter()
            .filter_map(|jwk| Some((jwk.common.key_id.clone()?, DecodingKey::from_jwk(jwk).ok()?)))
            .collect();
        // One algorithm, fixed here: what the token's header says is never a choice.
        let mut validation = Validation::new(Algorithm::ES256);
        validation.leeway = LEEWAY_SECONDS;
        validation.validate_nbf = true;
        validation.set_audience(&[audience.to_string()]);
        validation.set_issuer(&[format!("{ISSUER_PREFIX}{installation}")]);
        validation.set_required_spec_claims(&["exp", "nbf", "aud", "iss"]);
        Self { keys, validation }
    }

    /// The claims of a token that holds.
    ///
    /// # Errors
    /// [`VerifyError`] when anything about it does not.
    pub fn verify(&self, token: &str) -> Result<Claims, VerifyError> {
        let kid = decode_header(token)?.kid.ok_or(VerifyError::UnknownKey)?;
        let key = self.keys.get(&kid).ok_or(VerifyError::UnknownKey)?;
        let claims = decode::<Claims>(token, key, &self.validation)?.claims;
        if claims.exp.saturating_sub(claims.iat) > MAX_LIFETIME_SECONDS {
            return Err(VerifyError::TooLong);
        }
        Ok(claims)
    }
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier").field("kids", &self.keys.keys()).finish_non_exhaustive()
    }
}
