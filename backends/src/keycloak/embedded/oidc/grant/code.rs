//! An authorization code, with the proof of who asked for it.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::super::super::fault::Fault;
use super::super::super::server::App;
use super::super::super::store::{Account, Realm};
use super::super::caller::Credentials;
use super::super::form::Form;
use super::super::token::{Grant, with_session};

const INVALID: Fault = Fault::oauth("invalid_grant", "Code not valid");

pub async fn give(app: &App, realm: &Realm, caller: &Credentials, form: &Form) -> Result<Map<String, Value>, Fault> {
    let client = caller.client(app, &realm.name).await?;
    let text = form.need("code", "Missing parameter: code")?;
    let code = app.store.take_code(&realm.name, text).await?.ok_or(INVALID)?;
    if code.client_id != client.name {
        return Err(INVALID);
    }
    if form.get("redirect_uri") != Some(&code.redirect_uri) {
        return Err(Fault::oauth("invalid_grant", "Incorrect redirect_uri"));
    }
    let verifier =
        form.get("code_verifier").ok_or(Fault::oauth("invalid_grant", "PKCE code verifier not specified"))?;
    if !bool::from(challenge(verifier).as_bytes().ct_eq(code.challenge.as_bytes())) {
        return Err(Fault::oauth("invalid_grant", "PKCE verification failed: Code mismatch"));
    }
    let account = app.store.account(&realm.name, code.account).await?.filter(Account::enabled);
    let account = account.ok_or(INVALID)?;
    let grant = Grant {
        realm,
        client: &client,
        account: &account,
        scope: &code.scope,
        session: None,
        nonce: code.nonce.as_deref(),
    };
    with_session(app, grant).await
}

/// S256 of [RFC 7636](https://www.rfc-editor.org/rfc/rfc7636#section-4.2).
fn challenge(verifier: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_example_of_the_rfc() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(super::challenge(verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}
