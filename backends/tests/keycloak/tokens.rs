//! Asking for tokens and verifying them as the gateway does.

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use reqwest::StatusCode;
use serde_json::Value;

use crate::subject::Subject;

impl Subject {
    /// Posts to the realm's token endpoint.
    pub async fn token(&self, realm: &str, form: &[(&str, &str)]) -> (StatusCode, Value) {
        let answer = self.http.post(self.at(realm, "token")).form(form).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    /// By user name and password.
    pub async fn password(&self, realm: &str, user: &str, password: &str) -> (StatusCode, Value) {
        let form = [
            ("grant_type", "password"),
            ("client_id", "web"),
            ("username", user),
            ("password", password),
            ("scope", "openid"),
        ];
        self.token(realm, &form).await
    }

    /// Claims of a token: ES256, by a key of the realm, exactly its issuer, exactly that audience.
    pub async fn verified(&self, realm: &str, token: &str, audience: &str) -> Value {
        let keys: JwkSet = self.http.get(self.at(realm, "certs")).send().await.unwrap().json().await.unwrap();
        let kid = decode_header(token).unwrap().kid.unwrap();
        let key = DecodingKey::from_jwk(keys.find(&kid).unwrap()).unwrap();
        let mut validation = Validation::new(Algorithm::ES256);
        validation.set_issuer(&[self.realms.issuer(realm)]);
        validation.set_audience(&[audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        decode(token, &key, &validation).unwrap().claims
    }
}

/// A text of an answer.
pub fn text<'a>(answer: &'a Value, field: &str) -> &'a str {
    answer[field].as_str().unwrap_or_else(|| panic!("no {field} in {answer}"))
}
