//! The connection: one HTTP client, one token, every call with a deadline.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use keycloak::{KeycloakAdmin, KeycloakError, KeycloakServiceAccountAdminTokenRetriever, KeycloakTokenSupplier};
use serde_json::Value;
use tokio::{sync::Mutex, time};
use url::{Host, Url};

use super::digest::Digests;
use super::{Config, fault};
use crate::{Error, Kind, Result, System};

/// About how long to wait before each further try of a call that was answered with 500.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_millis(800)];

/// The realms of one Keycloak, as a service account that may create realms.
#[derive(Clone)]
pub struct Realms(Arc<Inner>);

struct Inner {
    config: Config,
    admin: KeycloakAdmin<Tokens>,
    tokens: Tokens,
    digests: Digests,
}

impl std::fmt::Debug for Realms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Realms").field("url", &self.0.config.base()).finish_non_exhaustive()
    }
}

impl Realms {
    /// Prepares the client; nothing is called yet.
    ///
    /// # Errors
    /// [`Kind::Invalid`] when the CA bundle cannot be used.
    pub fn new(config: Config) -> Result<Self> {
        let http = http(&config)?;
        let retriever = KeycloakServiceAccountAdminTokenRetriever::create(
            &config.client_id,
            config.client_secret.reveal(),
            http.clone(),
        );
        let digests = Digests::new(&config.client_secret);
        let tokens = Tokens(Arc::new(Cache { retriever, token: Mutex::new(None) }));
        let admin = KeycloakAdmin::new(config.base(), tokens.clone(), http);
        Ok(Self(Arc::new(Inner { config, admin, tokens, digests })))
    }

    /// `iss` of a realm's tokens, to the letter.
    pub fn issuer(&self, realm: &str) -> String {
        self.0.config.issuer(realm)
    }

    /// Whether Keycloak answers.
    ///
    /// # Errors
    /// [`Kind::Denied`] among others: the service account need not be allowed to read realm `master`.
    pub async fn ping(&self) -> Result<()> {
        self.call("asking Keycloak", |admin| admin.realm_get("master")).await.map(drop)
    }

    /// By what secrets are known again.
    pub(super) fn digests(&self) -> &Digests {
        &self.0.digests
    }

    /// One admin call; `what` completes "while …".
    pub(super) async fn call<'a, T, F>(
        &'a self,
        what: &str,
        request: impl Fn(&'a KeycloakAdmin<Tokens>) -> F,
    ) -> Result<T>
    where
        F: Future<Output = Result<T, KeycloakError>>,
    {
        self.attempt(request).await?.map_err(|error| fault::admin(what, error))
    }

    /// As [`Self::call`], with `None` for 404.
    pub(super) async fn find<'a, T, F>(
        &'a self,
        what: &str,
        request: impl Fn(&'a KeycloakAdmin<Tokens>) -> F,
    ) -> Result<Option<T>>
    where
        F: Future<Output = Result<T, KeycloakError>>,
    {
        match self.attempt(request).await? {
            Ok(found) => Ok(Some(found)),
            Err(error) if fault::status(&error) == Some(404) => Ok(None),
            Err(error) => Err(fault::admin(what, error)),
        }
    }

    /// A refused call is repeated once with a fresh token: Keycloak may have been restarted with
    /// other sessions, and a token that is not lightweight knows only the realms of its own time.
    /// A 500 is repeated too, after [`PAUSES`]: Keycloak gives it for any call of a service account
    /// while one of its other realms is being removed (it stumbles over the roles that vanish).
    async fn attempt<'a, T, F>(
        &'a self,
        request: impl Fn(&'a KeycloakAdmin<Tokens>) -> F,
    ) -> Result<Result<T, KeycloakError>>
    where
        F: Future<Output = Result<T, KeycloakError>>,
    {
        let token = self.0.tokens.current(self.0.config.base()).await.map_err(fault::sign_in)?;
        // Boxed: representations are large, and these futures are held in many.
        match Box::pin(request(&self.0.admin)).await {
            Err(error) if matches!(fault::status(&error), Some(401 | 403)) => {
                if !self.0.tokens.forget(&token).await {
                    return Ok(Err(error));
                }
                self.0.tokens.current(self.0.config.base()).await.map_err(fault::sign_in)?;
                Ok(Box::pin(request(&self.0.admin)).await)
            }
            mut outcome => {
                for pause in PAUSES {
                    if outcome.as_ref().err().and_then(fault::status) != Some(500) {
                        break;
                    }
                    // Those who stumbled together do not come back together.
                    time::sleep(pause.mul_f64(0.5 + rand::random::<f64>())).await;
                    outcome = Box::pin(request(&self.0.admin)).await;
                }
                Ok(outcome)
            }
        }
    }

    /// The service account's token, to look at.
    pub(super) async fn token(&self) -> Result<String> {
        self.0.tokens.current(self.0.config.base()).await.map_err(fault::sign_in)
    }
}

/// Whether a token lists rights, and so is not lightweight.
pub(super) fn lists_rights(token: &str) -> bool {
    let claims = token.split('.').nth(1).and_then(|part| BASE64_URL_SAFE_NO_PAD.decode(part).ok());
    let claims: Value = claims.and_then(|claims| serde_json::from_slice(&claims).ok()).unwrap_or_default();
    claims.get("realm_access").or_else(|| claims.get("resource_access")).is_some()
}

/// A client for Keycloak, with the bundle of authorities.
pub(super) fn http(config: &Config) -> Result<reqwest::Client> {
    let unusable = |message: String| {
        Error::new(System::Keycloak, Kind::Invalid, message, "Set PLEXICA_CA_BUNDLE to a PEM file of certificates.")
    };
    let mut builder = reqwest::Client::builder()
        .timeout(config.timeout)
        .connect_timeout(config.timeout.min(Duration::from_secs(5)))
        // A redirect of an API call is a wrong address, and would carry our token elsewhere.
        .redirect(reqwest::redirect::Policy::none());
    // What is on this machine is behind no proxy, whatever HTTPS_PROXY says.
    if is_here(&config.url) {
        builder = builder.no_proxy();
    }
    if let Some(path) = &config.ca_bundle {
        let pem = std::fs::read(path)
            .map_err(|error| unusable(format!("the CA bundle {} cannot be read", path.display())).because(error))?;
        let certificates = reqwest::Certificate::from_pem_bundle(&pem)
            .map_err(|error| unusable(format!("the CA bundle {} is not PEM", path.display())).because(error))?;
        builder = builder.tls_certs_merge(certificates);
    }
    builder.build().map_err(|error| unusable("the HTTP client cannot be built".to_owned()).because(error))
}

fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// The service account's token, kept until shortly before it ends.
#[derive(Clone)]
pub(super) struct Tokens(Arc<Cache>);

struct Cache {
    retriever: KeycloakServiceAccountAdminTokenRetriever,
    token: Mutex<Option<Token>>,
}

struct Token {
    text: String,
    taken: Instant,
    renew: Instant,
}

/// A token this young is not taken anew because of a refusal: foreign realms refuse every token.
const FRESH: Duration = Duration::from_secs(1);

impl Tokens {
    async fn current(&self, url: &str) -> Result<String, KeycloakError> {
        // Held over the call: those who come meanwhile want the same token.
        let mut kept = self.0.token.lock().await;
        if let Some(token) = kept.as_ref().filter(|token| Instant::now() < token.renew) {
            return Ok(token.text.clone());
        }
        let taken = Instant::now();
        let answer = self.0.retriever.acquire(url).await?;
        let lifetime = Duration::from_secs(u64::try_from(answer.expires_in()).unwrap_or(0));
        let text = answer.access_token().to_owned();
        *kept = Some(Token { text: text.clone(), taken, renew: taken + lifetime * 3 / 4 });
        Ok(text)
    }

    /// Whether a fresh token may help; it is then the next one taken.
    async fn forget(&self, used: &str) -> bool {
        let mut kept = self.0.token.lock().await;
        match kept.as_ref() {
            Some(token) if token.text == used && token.taken.elapsed() < FRESH => false,
            Some(token) if token.text == used => {
                *kept = None;
                true
            }
            _ => true,
        }
    }
}

#[async_trait]
impl KeycloakTokenSupplier for Tokens {
    async fn get(&self, url: &str) -> Result<String, KeycloakError> {
        self.current(url).await
    }
}
