//! Which client is calling.

use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use subtle::ConstantTimeEq;

use super::super::fault::Fault;
use super::super::server::{App, Shared};
use super::super::store::Client;
use super::form::Form;

const INVALID: &str = "Invalid client or Invalid client credentials";

/// Id and secret as given: by HTTP Basic or in the form.
pub struct Credentials {
    pub id: String,
    pub secret: Option<String>,
}

impl Credentials {
    /// Reads them.
    pub fn read(headers: &HeaderMap, form: &Form) -> Result<Self, Fault> {
        if let Some(basic) = basic(headers) {
            return Ok(basic);
        }
        let id = form.get("client_id").ok_or(Fault::unauthorized("invalid_client", INVALID))?;
        Ok(Self { id: id.to_owned(), secret: form.get("client_secret").map(str::to_owned) })
    }

    /// Whether they are those of the service account, the owner of the data.
    pub fn are_service_account(&self, app: &Shared) -> bool {
        let same = |given: &str, kept: &str| bool::from(given.as_bytes().ct_eq(kept.as_bytes()));
        self.id == app.client_id && self.secret.as_deref().is_some_and(|given| same(given, app.client_secret.reveal()))
    }

    /// The client of the realm that has them.
    pub async fn client(&self, app: &App, realm: &str) -> Result<Client, Fault> {
        let client = app.store.client(realm, &self.id).await?.filter(|client| client.is("enabled"));
        let client = client.ok_or(Fault::unauthorized("invalid_client", INVALID))?;
        let proven = client.is("publicClient") || self.secret.as_ref().is_some_and(|given| client.has_secret(given));
        if proven { Ok(client) } else { Err(Fault::unauthorized("unauthorized_client", INVALID)) }
    }
}

fn basic(headers: &HeaderMap) -> Option<Credentials> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Basic ")?;
    let text = String::from_utf8(BASE64_STANDARD.decode(value).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    let plain = |part: &str| -> String {
        // Both halves are form-encoded before they are joined (RFC 6749 § 2.3.1).
        let pair = format!("v={part}");
        url::form_urlencoded::parse(pair.as_bytes()).map(|(_, value)| value.into_owned()).collect()
    };
    Some(Credentials { id: plain(id), secret: Some(plain(secret)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_goes_before_the_form() {
        let form = Form::parse("client_id=web").unwrap();
        let mut headers = HeaderMap::new();
        assert_eq!(Credentials::read(&headers, &form).unwrap().id, "web");
        let value = format!("Basic {}", BASE64_STANDARD.encode("api:a%3Ab"));
        headers.insert(header::AUTHORIZATION, value.parse().unwrap());
        let read = Credentials::read(&headers, &form).unwrap();
        assert_eq!((read.id.as_str(), read.secret.as_deref()), ("api", Some("a:b")));
        headers.remove(header::AUTHORIZATION);
        assert!(Credentials::read(&headers, &Form::parse("").unwrap()).is_err());
    }
}
