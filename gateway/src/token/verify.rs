//! Whether a user's token holds.

use std::sync::Arc;

use jsonwebtoken::{Header, Validation, decode, decode_header, errors::Error};
use serde::{Deserialize, de::IgnoredAny};

use super::{AuthError, Caller, KeyStore, VerificationKey};
use crate::snapshot::{Realm, Snapshot};

/// What must be among a user token's audiences.
pub const AUDIENCE: &str = "plexica";
/// How far Keycloak's clock and ours may differ, in seconds.
const LEEWAY_SECONDS: u64 = 10;
/// The longest key id and user id that are taken.
const MAX_ID: usize = 255;

#[derive(Deserialize)]
struct Issuer {
    iss: String,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    /// Keycloak's word for what kind of token it is: `Bearer`, `ID`, `Refresh`, …
    typ: Option<String>,
    /// The key or certificate its sender has to prove ([RFC 7800](https://www.rfc-editor.org/rfc/rfc7800)).
    cnf: Option<IgnoredAny>,
    preferred_username: Option<String>,
    email: Option<String>,
    #[serde(default)]
    realm_access: RealmAccess,
}

#[derive(Default, Deserialize)]
struct RealmAccess {
    #[serde(default)]
    roles: Vec<String>,
}

/// The caller a token stands for, and the realm that says so.
///
/// # Errors
/// [`AuthError`]; for an unknown issuer without any call to anywhere.
pub async fn verify(token: &str, snapshot: &Snapshot, keys: &Arc<KeyStore>) -> Result<(Caller, Arc<Realm>), AuthError> {
    let header = decode_header(token).map_err(|_| AuthError::NotAnAccessToken("no JWT"))?;
    let kid = key_id(&header)?;
    // Not believed yet: it only chooses which keys may prove it.
    let Issuer { iss } =
        jsonwebtoken::dangerous::insecure_decode_claims(token).map_err(|_| AuthError::NotAnAccessToken("no issuer"))?;
    let realm = snapshot.realm(&iss).ok_or(AuthError::UnknownIssuer)?;
    let key = keys.key(&realm.name, kid).await?;
    let claims = check(token, &key, &realm.issuer)?;
    let caller = Caller {
        tenant: realm.tenant.clone(),
        sub: claims.sub,
        username: claims.preferred_username,
        email: claims.email,
        roles: claims.realm_access.roles,
    };
    Ok((caller, realm.clone()))
}

fn key_id(header: &Header) -> Result<&str, AuthError> {
    // Extensions that must be understood are not; and other JWTs of a realm are no access tokens.
    if header.crit.is_some()
        || header.enc.is_some()
        || header.zip.is_some()
        || header.extras.inner().contains_key("b64")
    {
        return Err(AuthError::NotAnAccessToken("an extension"));
    }
    let typ = header.typ.as_deref().unwrap_or("JWT").to_ascii_lowercase();
    if !matches!(typ.as_str(), "jwt" | "at+jwt" | "application/at+jwt") {
        return Err(AuthError::NotAnAccessToken("another type"));
    }
    match header.kid.as_deref() {
        Some(kid) if !kid.is_empty() && kid.len() <= MAX_ID => Ok(kid),
        _ => Err(AuthError::NotAnAccessToken("no key id")),
    }
}

fn check(token: &str, key: &VerificationKey, issuer: &str) -> Result<Claims, AuthError> {
    let mut validation = Validation::new(key.algorithm);
    validation.leeway = LEEWAY_SECONDS;
    validation.validate_nbf = true;
    validation.set_audience(&[AUDIENCE]);
    validation.set_issuer(&[issuer]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    let invalid = |error: Error| AuthError::Invalid(error.to_string());
    let claims = decode::<Claims>(token, &key.key, &validation).map_err(invalid)?.claims;
    if claims.typ.as_deref().is_some_and(|typ| !typ.eq_ignore_ascii_case("Bearer")) {
        return Err(AuthError::NotAnAccessToken("another kind of token"));
    }
    // Taken from anybody, it would be worth no more than one that is bound to nobody.
    if claims.cnf.is_some() {
        return Err(AuthError::NotAnAccessToken("bound to a sender who proves nothing here"));
    }
    let printable = |text: &str| text.bytes().all(|byte| (0x21..0x7f).contains(&byte));
    if claims.sub.is_empty() || claims.sub.len() > MAX_ID || !printable(&claims.sub) {
        return Err(AuthError::Invalid("no user id".into()));
    }
    Ok(claims)
}
