//! Platform tokens: what holds, and everything that must not.
#![allow(clippy::unwrap_used)]

use std::time::{SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use plexica_contract::token::{Audience, BodyDigest, Claims, Minter, SigningKey, Subject, Verifier};

fn pem() -> String {
    rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap().serialize_pem()
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn crm() -> Audience {
    Audience::Plugin("crm".parse().unwrap())
}

fn user() -> Subject {
    Subject::User {
        sub: "u1".into(),
        username: Some("ada".into()),
        email: None,
        roles: vec!["user".into()],
        permissions: vec!["crm:contacts:read".into()],
    }
}

fn minter(pem: &str) -> Minter {
    Minter::new("i1", SigningKey::from_pkcs8_pem(pem).unwrap())
}

fn mint(minter: &Minter, audience: Audience, at: u64) -> String {
    minter.mint(audience, Some("acme".parse().unwrap()), user(), None, "j1".into(), at).unwrap()
}

#[test]
fn a_token_says_what_was_minted() {
    let minter = minter(&pem());
    let verifier = Verifier::new("i1", &crm(), &minter.key().public_keys());
    let claims = verifier.verify(&mint(&minter, crm(), now())).unwrap();
    assert_eq!(claims.tenant, Some("acme".parse().unwrap()));
    assert_eq!(claims.subject, user());
    assert_eq!(claims.exp - claims.iat, 60);
}

#[test]
fn what_does_not_hold() {
    let pem = pem();
    let minter = minter(&pem);
    let keys = minter.key().public_keys();
    let verifier = Verifier::new("i1", &crm(), &keys);
    let good = mint(&minter, crm(), now());
    let stranger = self::minter(&self::pem());

    let mut parts: Vec<&str> = good.split('.').collect();
    let unsigned = format!("{}.{}.", parts[0], parts[1]);
    let forged_payload = mint(&minter, crm(), now() - 1);
    let other = forged_payload.split('.').nth(1).unwrap();
    parts[1] = other;

    for (why, token) in [
        ("another receiver", mint(&minter, Audience::CoreApi, now())),
        ("another plugin", mint(&minter, Audience::Plugin("files".parse().unwrap()), now())),
        ("another installation", mint(&Minter::new("i2", minter.key().clone()), crm(), now())),
        ("another key", mint(&stranger, crm(), now())),
        ("expired", mint(&minter, crm(), now() - 120)),
        ("not yet valid", mint(&minter, crm(), now() + 120)),
        ("no signature", unsigned),
        ("another payload", parts.join(".")),
        ("no token", "abc".into()),
        ("empty", String::new()),
    ] {
        assert!(verifier.verify(&token).is_err(), "{why}");
    }
    assert!(verifier.verify(&good).is_ok());
}

#[test]
fn neither_other_algorithms_nor_longer_lives_are_taken() {
    let pem = pem();
    let minter = minter(&pem);
    let keys = minter.key().public_keys();
    let verifier = Verifier::new("i1", &crm(), &keys);
    let claims: Claims = verifier.verify(&mint(&minter, crm(), now())).unwrap();
    let kid = keys.0.keys[0].common.key_id.clone();

    // HS256 with the public key as the secret: the classic confusion.
    let mut header = Header::new(Algorithm::HS256);
    header.kid.clone_from(&kid);
    let secret = serde_json::to_vec(&keys).unwrap();
    let confused = encode(&header, &claims, &EncodingKey::from_secret(&secret)).unwrap();
    assert!(verifier.verify(&confused).is_err());

    let mut long = claims;
    long.exp = long.iat + 3600;
    let mut header = Header::new(Algorithm::ES256);
    header.kid = kid;
    let key = EncodingKey::from_ec_pem(pem.as_bytes()).unwrap();
    let token = encode(&header, &long, &key).unwrap();
    assert!(verifier.verify(&token).is_err());
}

#[test]
fn a_digest_is_good_for_one_body() {
    let digest = BodyDigest::of(b"{\"action\":\"install\"}");
    assert!(digest.matches(b"{\"action\":\"install\"}"));
    assert!(!digest.matches(b"{\"action\":\"purge\"}"));
}

#[test]
fn a_key_prints_no_secret() {
    let key = SigningKey::from_pkcs8_pem(&pem()).unwrap();
    let printed = format!("{key:?}");
    assert!(printed.contains("kid") && !printed.contains("PRIVATE"), "{printed}");
}
