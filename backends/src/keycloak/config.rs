//! Where Keycloak is and who we are there.

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use crate::Secret;

/// Where Keycloak is and who we are there.
#[derive(Clone, Debug)]
pub struct Config {
    /// Base URL as servers reach it (`KEYCLOAK_URL`), with the path if it has one.
    pub url: Url,
    /// Base URL as browsers reach it (`KEYCLOAK_PUBLIC_URL`): the start of every issuer.
    pub public_url: Url,
    /// Client of realm `master` with a service account.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Secret,
    /// PEM file of certificate authorities trusted besides the system's.
    pub ca_bundle: Option<PathBuf>,
    /// How long one call may take. Creating a realm is the longest.
    pub timeout: Duration,
}

impl Config {
    /// What [`Self::timeout`] is if nobody says otherwise.
    pub const TIMEOUT: Duration = Duration::from_secs(30);

    /// One URL for inside and outside, no further authorities.
    pub fn new(url: Url, client_id: impl Into<String>, client_secret: impl Into<Secret>) -> Self {
        Self {
            public_url: url.clone(),
            url,
            client_id: client_id.into(),
            client_secret: client_secret.into(),
            ca_bundle: None,
            timeout: Self::TIMEOUT,
        }
    }

    /// `iss` of a realm's tokens, to the letter.
    pub fn issuer(&self, realm: &str) -> String {
        format!("{}/realms/{realm}", base(&self.public_url))
    }

    /// The base URL inside, without a slash at the end.
    pub(super) fn base(&self) -> &str {
        base(&self.url)
    }
}

fn base(url: &Url) -> &str {
    url.as_str().trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issuers_are_built_from_the_public_url() {
        for (public, issuer) in [
            ("https://id.acme.test", "https://id.acme.test/realms/tenant-acme"),
            ("https://id.acme.test/", "https://id.acme.test/realms/tenant-acme"),
            ("https://acme.test/auth/", "https://acme.test/auth/realms/tenant-acme"),
            ("http://127.0.0.1:8180", "http://127.0.0.1:8180/realms/tenant-acme"),
        ] {
            let mut config = Config::new("http://keycloak:8080".parse().unwrap(), "id", "secret".to_owned());
            config.public_url = public.parse().unwrap();
            assert_eq!(config.issuer("tenant-acme"), issuer);
        }
    }
}
