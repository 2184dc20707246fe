//! Fetching a realm's keys from Keycloak.

use std::time::Duration;

use jsonwebtoken::jwk::JwkSet;
use url::Url;

use super::KeySet;

/// The longest a fetch takes, all in all.
const TIMEOUT: Duration = Duration::from_secs(5);
/// More bytes than any realm's keys have.
const MAX_BYTES: usize = 256 * 1024;

/// Why keys could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The realm's name gives no URL.
    #[error("KEYCLOAK_URL is no base for a path")]
    Url,
    /// No connection, no answer in time, or an error status.
    #[error("no answer")]
    Http(#[from] reqwest::Error),
    /// The answer is larger than any key set.
    #[error("the answer has more than {MAX_BYTES} bytes")]
    TooLarge,
    /// The answer is no key set.
    #[error("the answer is no JWK set")]
    NotAKeySet(#[from] serde_json::Error),
}

/// Fetches keys from one Keycloak.
#[derive(Clone, Debug)]
pub struct Fetcher {
    http: reqwest::Client,
    base: Url,
}

impl Fetcher {
    /// For the Keycloak at this base URL.
    ///
    /// # Errors
    /// When the HTTP client cannot be made.
    pub fn new(builder: reqwest::ClientBuilder, base: Url) -> reqwest::Result<Self> {
        // A redirect would be somebody else's choice of where keys come from.
        let http = builder.redirect(reqwest::redirect::Policy::none()).timeout(TIMEOUT).build()?;
        Ok(Self { http, base })
    }

    /// The present keys of a realm.
    ///
    /// # Errors
    /// [`FetchError`]
    pub async fn fetch(&self, realm: &str) -> Result<KeySet, FetchError> {
        let mut url = self.base.clone();
        url.path_segments_mut().map_err(|()| FetchError::Url)?.pop_if_empty().extend([
            "realms",
            realm,
            "protocol",
            "openid-connect",
            "certs",
        ]);
        let mut answer = self.http.get(url).send().await?.error_for_status()?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            if body.len() + chunk.len() > MAX_BYTES {
                return Err(FetchError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(KeySet::new(&serde_json::from_slice::<JwkSet>(&body)?))
    }
}
