//! The core API, as a plugin reaches it.

use std::time::Duration;

use http::StatusCode;
use plexica_contract::{Secret, name::PluginVersion, path, tenancy::PluginTenants, token::PublicKeys};
use reqwest::{Certificate, Client};
use url::Url;

use crate::environment::Environment;

/// The core API holds a long poll for 30 s.
const LONG_POLL: Duration = Duration::from_secs(40);
const SHORT: Duration = Duration::from_secs(5);

/// The platform did not say what was asked. For the log.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlatformError {
    #[error("the CA bundle cannot be used: {0}")]
    CaBundle(String),
    #[error("the platform's URL has no room for paths")]
    Url,
    #[error("the platform cannot be reached: {0}")]
    Unreachable(#[from] reqwest::Error),
    #[error("the platform answered {0}")]
    Status(StatusCode),
}

pub(crate) struct Platform {
    http: Client,
    base: Url,
    user: String,
    password: Secret,
    version: String,
}

impl Platform {
    pub(crate) fn new(environment: &Environment, version: &PluginVersion) -> Result<Self, PlatformError> {
        let base = environment.platform_url.clone();
        let mut client = Client::builder().connect_timeout(SHORT).pool_idle_timeout(Duration::from_mins(1));
        if let Some(bundle) = &environment.ca_bundle {
            let unusable = |error: String| PlatformError::CaBundle(error);
            let pem = std::fs::read(bundle).map_err(|error| unusable(error.to_string()))?;
            let certificates = Certificate::from_pem_bundle(&pem).map_err(|error| unusable(error.to_string()))?;
            client = client.tls_certs_merge(certificates);
        } else if base.scheme() == "http" {
            // The system's CAs are megabytes of memory that plain HTTP has no use for.
            client = client.tls_certs_only([]);
        }
        Ok(Self {
            http: client.build()?,
            base,
            user: environment.credential_user.clone(),
            password: environment.credential_password.clone(),
            version: version.to_string(),
        })
    }

    /// The public keys in force.
    pub(crate) async fn keys(&self) -> Result<PublicKeys, PlatformError> {
        let answer = self.http.get(self.url(path::PLATFORM_KEYS)?).timeout(SHORT).send().await?;
        match answer.status() {
            StatusCode::OK => Ok(answer.json().await?),
            other => Err(PlatformError::Status(other)),
        }
    }

    /// The plugin's tenants; with `after`, `None` if nothing is newer than that revision.
    pub(crate) async fn tenants(&self, after: Option<&str>) -> Result<Option<PluginTenants>, PlatformError> {
        let request = self
            .http
            .get(self.url(path::PLUGIN_TENANTS)?)
            .query(&[("version", &self.version)])
            .basic_auth(&self.user, Some(self.password.reveal()))
            .timeout(if after.is_some() { LONG_POLL } else { SHORT });
        let answer = match after {
            Some(revision) => request.query(&[("after", revision)]),
            None => request,
        };
        let answer = answer.send().await?;
        match answer.status() {
            StatusCode::OK => Ok(Some(answer.json().await?)),
            StatusCode::NO_CONTENT => Ok(None),
            other => Err(PlatformError::Status(other)),
        }
    }

    fn url(&self, path: &str) -> Result<Url, PlatformError> {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| PlatformError::Url)?
            .pop_if_empty()
            .extend(path.trim_start_matches('/').split('/'));
        Ok(url)
    }
}
