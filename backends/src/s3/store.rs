//! The operator's clients.

use std::time::Duration;

use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation, SharedHttpClient,
};
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};

use super::failure::failure;
use super::{Config, Mode, Sts};
use crate::{Error, Kind, Result, System};

/// The object store with the operator's own keys. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    pub(super) config: Config,
    pub(super) client: aws_sdk_s3::Client,
    pub(super) sts: aws_sdk_sts::Client,
}

impl Store {
    /// Clients for that configuration; the first use connects.
    pub fn new(config: Config) -> Result<Self> {
        let http = http_client(&config)?;
        let keys = Credentials::new(
            config.access_key_id.clone(),
            config.secret_access_key.reveal().to_owned(),
            config.session_token.as_ref().map(|token| token.reveal().to_owned()),
            None,
            "plexica",
        );
        let region = Region::new(config.region.clone());
        let sts_endpoint = match &config.credentials {
            Mode::Sts(Sts { endpoint: Some(endpoint), .. }) => Some(endpoint.clone()),
            Mode::Sts(_) | Mode::Static(_) => config.endpoint.clone(),
        };
        let retries = RetryConfig::standard().with_max_attempts(2);
        let mut sts = aws_sdk_sts::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(region.clone())
            .credentials_provider(keys.clone())
            .http_client(http.clone())
            .timeout_config(timeouts())
            .retry_config(retries.clone());
        let mut s3 = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(region)
            // A bucket per host name takes a wildcard DNS entry, which few stores have.
            .force_path_style(config.endpoint.is_some())
            // Not every store knows the checksums that AWS adds by default.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .credentials_provider(keys)
            .http_client(http)
            .timeout_config(timeouts())
            .retry_config(retries);
        s3.set_endpoint_url(config.endpoint.clone());
        sts.set_endpoint_url(sts_endpoint);
        let client = aws_sdk_s3::Client::from_conf(s3.build());
        let sts = aws_sdk_sts::Client::from_conf(sts.build());
        Ok(Self { config, client, sts })
    }
}

impl Store {
    /// Whether the store answers.
    pub async fn ping(&self) -> Result<()> {
        self.client.list_buckets().send().await.map_err(failure("list buckets")).map(drop)
    }

    /// A client with a tenant's keys.
    pub(super) fn client_as(&self, keys: &super::credential::Credentials) -> aws_sdk_s3::Client {
        let token = keys.session_token.as_ref().map(|token| token.reveal().to_owned());
        let keys = Credentials::new(&keys.access_key_id, keys.secret_access_key.reveal(), token, None, "tenant");
        let config = self.client.config().to_builder().credentials_provider(keys);
        aws_sdk_s3::Client::from_conf(config.build())
    }
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .operation_attempt_timeout(Duration::from_secs(20))
        .build()
}

fn http_client(config: &Config) -> Result<SharedHttpClient> {
    let invalid = |message: String| {
        let remedy = "Point PLEXICA_CA_BUNDLE to a file of PEM certificates.";
        Error::new(System::S3, Kind::Invalid, message, remedy)
    };
    let mut trusted = TrustStore::default();
    if let Some(file) = &config.ca_bundle {
        let pem = std::fs::read(file).map_err(|error| invalid(format!("cannot read {}: {error}", file.display())))?;
        // The client would only find out, and panic, when it connects.
        if reqwest::Certificate::from_pem_bundle(&pem).map_or(true, |certificates| certificates.is_empty()) {
            return Err(invalid(format!("{} holds no certificate", file.display())));
        }
        trusted = trusted.with_pem_certificate(pem);
    }
    let context = TlsContext::builder()
        .with_trust_store(trusted)
        .build()
        .map_err(|error| invalid("the CA bundle cannot be used".into()).because(error))?;
    Ok(aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
        .tls_context(context)
        .build_https())
}
