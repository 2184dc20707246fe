//! A plugin's workload, by the credential it was started with.

use axum::{
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderValue, header, request::Parts};
use plexica_contract::{
    error::Code,
    name::{PluginId, Slug},
};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use crate::{database, http::ApiError, state::Shared};

/// A plugin's workload (HTTP Basic: user `plugin:<id>`, or `plugin:<id>:<tenant>` of a `Dedicated`
/// one). It says nothing about users and is good for nothing but what takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginCredential {
    /// Which plugin.
    pub plugin: PluginId,
    /// For which tenant alone.
    pub tenant: Option<Slug>,
}

/// Refused, with the challenge that fits.
#[derive(Debug)]
pub struct Refused(ApiError);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let mut response = self.0.into_response();
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"plexica\""));
        response
    }
}

impl FromRequestParts<Shared> for PluginCredential {
    type Rejection = Refused;
    async fn from_request_parts(parts: &mut Parts, state: &Shared) -> Result<Self, Refused> {
        let refused = || Refused(ApiError::unauthenticated());
        let (username, password) = basic(&parts.headers).ok_or_else(refused)?;
        let credential = Self::named(&username).ok_or_else(refused)?;
        let digests = database::credential_digests(&state.database, &username).await.map_err(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "credentials cannot be read");
            Refused(ApiError::new(Code::Unavailable, "Credentials cannot be checked at the moment; try again."))
        })?;
        if matches_any(&password, &digests) { Ok(credential) } else { Err(refused()) }
    }
}

impl PluginCredential {
    fn named(username: &str) -> Option<Self> {
        let rest = username.strip_prefix("plugin:")?;
        let (plugin, tenant) = match rest.split_once(':') {
            Some((plugin, tenant)) => (plugin, Some(tenant.parse().ok()?)),
            None => (rest, None),
        };
        Some(Self { plugin: plugin.parse().ok()?, tenant })
    }
}

/// User and password. Our user names have colons and our passwords have none, so it is the last
/// colon that parts them.
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let encoded = value.to_str().ok()?.strip_prefix("Basic ")?;
    let decoded = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (username, password) = decoded.rsplit_once(':')?;
    Some((username.to_owned(), password.to_owned()))
}

/// Looks at all of them in full, so that time tells nothing. A password is long and random: one
/// round of SHA-256 is as good as a slow hash.
fn matches_any(password: &str, digests: &[Vec<u8>]) -> bool {
    let digest: [u8; 32] = Sha256::digest(password.as_bytes()).into();
    let found = digests.iter().fold(Choice::from(0), |found, stored| found | digest.ct_eq(stored));
    found.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<(String, String)> {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, format!("Basic {}", STANDARD.encode(text)).parse().unwrap());
        basic(&headers)
    }

    #[test]
    fn users_with_colons() {
        let pair = |user: &str, password: &str| Some((user.to_owned(), password.to_owned()));
        assert_eq!(of("plugin:crm:secret"), pair("plugin:crm", "secret"));
        assert_eq!(of("plugin:crm:acme:secret"), pair("plugin:crm:acme", "secret"));
        assert_eq!(of("none"), None);
    }

    #[test]
    fn whose_it_is() {
        let credential = |username| PluginCredential::named(username).map(|c| (c.plugin.to_string(), c.tenant));
        assert_eq!(credential("plugin:crm"), Some(("crm".into(), None)));
        assert_eq!(credential("plugin:crm:acme"), Some(("crm".into(), Some("acme".parse().unwrap()))));
        for other in ["", "crm", "plugin:", "plugin:crm:", "plugin:CRM", "plugin:crm:acme:x", "user:crm"] {
            assert_eq!(credential(other), None, "{other}");
        }
    }

    #[test]
    fn any_of_the_passwords_and_no_other() {
        let digest = |text: &str| Sha256::digest(text.as_bytes()).to_vec();
        let two = [digest("old"), digest("new")];
        assert!(matches_any("old", &two) && matches_any("new", &two));
        assert!(!matches_any("other", &two) && !matches_any("", &two) && !matches_any("old", &[]));
        assert!(!matches_any("", &[Vec::new()]));
    }
}
