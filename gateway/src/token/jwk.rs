//! A realm's public keys ([RFC 7517](https://www.rfc-editor.org/rfc/rfc7517)).

use std::collections::HashMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse},
};

/// More keys than a realm ever has.
const MAX_KEYS: usize = 64;
/// Shorter RSA keys can be broken.
const MIN_RSA_BYTES: usize = 256;

/// A key, with the one algorithm it is for: its own, never the token's choice.
#[derive(Clone)]
pub struct VerificationKey {
    pub(super) key: DecodingKey,
    /// The one algorithm.
    pub algorithm: Algorithm,
}

/// A realm's keys by id.
#[derive(Clone, Default)]
pub struct KeySet(HashMap<String, VerificationKey>);

impl KeySet {
    /// Reads the keys that sign by an asymmetric algorithm of the allow-list; others (encryption,
    /// HMAC, short RSA) are passed over.
    pub fn new(set: &JwkSet) -> Self {
        let keys = set.keys.iter().take(MAX_KEYS).filter_map(|jwk| Some((jwk.common.key_id.clone()?, read(jwk)?)));
        Self(keys.collect())
    }

    /// The key of this id.
    pub fn get(&self, kid: &str) -> Option<&VerificationKey> {
        self.0.get(kid)
    }
}

fn read(jwk: &Jwk) -> Option<VerificationKey> {
    if !matches!(jwk.common.public_key_use, None | Some(PublicKeyUse::Signature)) {
        return None;
    }
    let algorithm = match (&jwk.algorithm, jwk.common.key_algorithm) {
        (AlgorithmParameters::EllipticCurve(ec), Some(KeyAlgorithm::ES256) | None)
            if ec.curve == EllipticCurve::P256 =>
        {
            Algorithm::ES256
        }
        (AlgorithmParameters::OctetKeyPair(ed), Some(KeyAlgorithm::EdDSA) | None)
            if ed.curve == EllipticCurve::Ed25519 =>
        {
            Algorithm::EdDSA
        }
        (AlgorithmParameters::RSA(rsa), algorithm) => {
            let modulus = URL_SAFE_NO_PAD.decode(&rsa.n).ok()?;
            if modulus.len() < MIN_RSA_BYTES {
                return None;
            }
            match algorithm {
                Some(KeyAlgorithm::RS256) | None => Algorithm::RS256,
                Some(KeyAlgorithm::PS256) => Algorithm::PS256,
                Some(_) => return None,
            }
        }
        _ => return None,
    };
    Some(VerificationKey { key: DecodingKey::from_jwk(jwk).ok()?, algorithm })
}

impl std::fmt::Debug for VerificationKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} key", self.algorithm)
    }
}

impl std::fmt::Debug for KeySet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(&self.0).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn algorithm(jwk: &Value) -> Option<Algorithm> {
        let set: JwkSet = serde_json::from_value(json!({ "keys": [jwk] })).unwrap();
        KeySet::new(&set).get("k").map(|key| key.algorithm)
    }

    #[test]
    fn the_allow_list() {
        let long = URL_SAFE_NO_PAD.encode([0xff; 256]);
        let short = URL_SAFE_NO_PAD.encode([0xff; 128]);
        let x = URL_SAFE_NO_PAD.encode([1; 32]);
        let ec = |more: Value| merge(json!({ "kid": "k", "kty": "EC", "crv": "P-256", "x": x, "y": x }), more);
        let rsa = |more: Value| merge(json!({ "kid": "k", "kty": "RSA", "n": long, "e": "AQAB" }), more);
        let ed = |more: Value| merge(json!({ "kid": "k", "kty": "OKP", "crv": "Ed25519", "x": x }), more);
        for (jwk, expected) in [
            (ec(json!({ "alg": "ES256", "use": "sig" })), Some(Algorithm::ES256)),
            (ec(json!({})), Some(Algorithm::ES256)),
            (ec(json!({ "use": "enc" })), None),
            (ec(json!({ "alg": "ES384" })), None),
            (ec(json!({ "alg": "HS256" })), None),
            (ec(json!({ "crv": "P-384" })), None),
            (rsa(json!({ "alg": "RS256" })), Some(Algorithm::RS256)),
            (rsa(json!({ "alg": "PS256" })), Some(Algorithm::PS256)),
            (rsa(json!({})), Some(Algorithm::RS256)),
            (rsa(json!({ "alg": "RSA-OAEP", "use": "enc" })), None),
            (rsa(json!({ "alg": "RS512" })), None),
            (rsa(json!({ "alg": "something new" })), None),
            (rsa(json!({ "n": short })), None),
            (ed(json!({ "alg": "EdDSA" })), Some(Algorithm::EdDSA)),
            (json!({ "kid": "k", "kty": "oct", "alg": "HS256", "k": x }), None),
            (json!({ "kid": "k", "kty": "new", "z": 1 }), None),
            (json!({ "kty": "EC", "crv": "P-256", "x": x, "y": x }), None),
        ] {
            assert_eq!(algorithm(&jwk), expected, "{jwk}");
        }
    }

    fn merge(mut jwk: Value, mut more: Value) -> Value {
        jwk.as_object_mut().unwrap().append(more.as_object_mut().unwrap());
        jwk
    }
}
