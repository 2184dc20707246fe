//! The requests of the printed line: a token of the sample user, then the plugin's answer.

use plexica_service::trust;
use reqwest::{Client, StatusCode};
use serde_json::Value;
use url::Url;

use super::{Error, SignIn};
use crate::dev::start::Places;

/// Who asks, and where.
pub struct Line<'a> {
    sign_in: &'a SignIn,
    token_url: Url,
    contacts_url: Url,
    issuer: Client,
    gateway: Client,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Failure {
    /// The issuer does not take the user's password, and will not by waiting.
    Refused(String),
    /// It may come.
    NotYet(String),
}

impl<'a> Line<'a> {
    /// Prepares it; nothing is called yet.
    pub fn new(places: &Places, sign_in: &'a SignIn) -> Result<Self, Error> {
        let url = |text: String| Url::parse(&text).map_err(Error::service("the sample"));
        let client = |url: &Url| -> Result<Client, Error> {
            let builder = trust::http_client_of(url, places.identity.ca_bundle.as_deref());
            builder.map_err(Error::service("the sample"))?.build().map_err(Error::service("the sample"))
        };
        let token_url = url(format!("{}/protocol/openid-connect/token", places.identity.issuer(&sign_in.realm)))?;
        let contacts_url = url(format!("{}/api/plugins/crm/contacts", places.gateway))?;
        let (issuer, gateway) = (client(&token_url)?, client(&contacts_url)?);
        Ok(Self { sign_in, token_url, contacts_url, issuer, gateway })
    }

    /// Signs the user in.
    pub async fn token(&self) -> Result<String, Failure> {
        let form = [
            ("grant_type", "password"),
            ("client_id", "web"),
            ("username", &self.sign_in.user),
            ("password", &self.sign_in.password),
        ];
        let response = self.issuer.post(self.token_url.clone()).form(&form).send().await.map_err(not_yet)?;
        let status = response.status();
        let answer: Value = response.json().await.map_err(not_yet)?;
        answer["access_token"].as_str().map(str::to_owned).ok_or_else(|| refusal(status, &answer))
    }

    /// Asks the plugin.
    pub async fn answer(&self) -> Result<(), Failure> {
        let token = self.token().await?;
        let sent = self.gateway.get(self.contacts_url.clone()).bearer_auth(token).send().await;
        let status = sent.map_err(not_yet)?.status();
        if status.is_success() { Ok(()) } else { Err(Failure::NotYet(format!("the gateway answers {status}"))) }
    }
}

impl Failure {
    /// What happened.
    pub fn into_text(self) -> String {
        match self {
            Self::Refused(text) | Self::NotYet(text) => text,
        }
    }
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn not_yet(error: reqwest::Error) -> Failure {
    Failure::NotYet(error.without_url().to_string())
}

/// RFC 6749 answers a wrong password with 400; Keycloak with 401.
fn refusal(status: StatusCode, answer: &Value) -> Failure {
    let reason = answer["error_description"].as_str().or(answer["error"].as_str());
    let reason = reason.map_or_else(|| format!("the issuer answers {status}"), str::to_owned);
    match status {
        StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED => Failure::Refused(reason),
        _ => Failure::NotYet(reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_refused_password_is_not_waited_for() {
        let wrong = json!({"error": "invalid_grant", "error_description": "Invalid user credentials"});
        for (status, answer, is_final, says) in [
            (400, &wrong, true, "Invalid user credentials"),
            (401, &wrong, true, "Invalid user credentials"),
            (401, &json!({"error": "invalid_grant"}), true, "invalid_grant"),
            (503, &json!({}), false, "503"),
            (429, &wrong, false, "Invalid"),
        ] {
            let failure = refusal(StatusCode::from_u16(status).unwrap(), answer);
            assert_eq!(matches!(failure, Failure::Refused(_)), is_final, "{status}: {failure:?}");
            assert!(failure.into_text().contains(says), "{status}");
        }
    }
}
