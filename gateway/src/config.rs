//! Flags and environment.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Args, Parser};
use plexica_service::Common;
use url::Url;

/// Plexica's gateway.
#[derive(Parser, Clone, Debug)]
#[command(name = "plexica-gateway", version)]
pub struct Config {
    /// What all parts have.
    #[command(flatten)]
    pub common: Common,
    /// Where users' requests are taken.
    #[arg(long, env = "PLEXICA_LISTEN", default_value = "0.0.0.0:8080")]
    pub listen: SocketAddr,
    /// Keycloak as the gateway reaches it: realms' keys are fetched here.
    #[arg(long, env = "KEYCLOAK_URL")]
    pub keycloak_url: Url,
    /// The core API as the gateway reaches it.
    #[arg(long, env = "PLEXICA_CORE_API_URL")]
    pub core_api_url: Url,
    /// PEM file of the certificate chain; read again when it changes.
    #[arg(long, env = "PLEXICA_TLS_CERT", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// PEM file of the certificate's key.
    #[arg(long, env = "PLEXICA_TLS_KEY", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// How much and how long.
    #[command(flatten)]
    pub limits: Limits,
}

/// How much a request may be and how long its parts may take.
#[derive(Args, Clone, Debug)]
pub struct Limits {
    /// The most bytes of a request's body.
    #[arg(long, env = "PLEXICA_MAX_BODY_BYTES", default_value_t = 10 * 1024 * 1024)]
    pub max_body_bytes: u64,
    /// The most connections at once.
    #[arg(long, env = "PLEXICA_MAX_CONNECTIONS", default_value_t = 10_000)]
    pub max_connections: usize,
    /// The longest a client may take for a TLS handshake or for a request's head, in seconds.
    #[arg(long, env = "PLEXICA_HEAD_TIMEOUT", value_parser = seconds, default_value = "15")]
    pub head_timeout: Duration,
    /// The longest pause between two parts of a request's body, or a client's reading of its answer,
    /// in seconds.
    #[arg(long, env = "PLEXICA_BODY_TIMEOUT", value_parser = seconds, default_value = "30")]
    pub body_timeout: Duration,
    /// The longest an upstream may take to connect, in seconds.
    #[arg(long, env = "PLEXICA_CONNECT_TIMEOUT", value_parser = seconds, default_value = "3")]
    pub connect_timeout: Duration,
    /// The longest an upstream may take to begin its answer once it has the request, in seconds.
    #[arg(long, env = "PLEXICA_UPSTREAM_TIMEOUT", value_parser = seconds, default_value = "60")]
    pub upstream_timeout: Duration,
    /// The longest pause between two parts of an answer's body, in seconds.
    #[arg(long, env = "PLEXICA_UPSTREAM_IDLE_TIMEOUT", value_parser = seconds, default_value = "300")]
    pub upstream_idle_timeout: Duration,
    /// The shortest pause between two fetches of one realm's keys for an unknown key id, in seconds.
    #[arg(long, env = "PLEXICA_KEYS_MIN_INTERVAL", value_parser = seconds, default_value = "10")]
    pub keys_min_interval: Duration,
    /// The age at which a realm's keys are fetched again, in seconds.
    #[arg(long, env = "PLEXICA_KEYS_MAX_AGE", value_parser = seconds, default_value = "300")]
    pub keys_max_age: Duration,
    /// How long connections are still taken once the gateway is asked to stop (`/readyz` says so at
    /// once), in seconds: a cluster sends them until it has heard.
    #[arg(long, env = "PLEXICA_SHUTDOWN_DELAY", value_parser = plexica_service::common::seconds, default_value = "0")]
    pub shutdown_delay: Duration,
    /// The longest that requests under way may take after that, in seconds.
    #[arg(long, env = "PLEXICA_DRAIN_TIMEOUT", value_parser = seconds, default_value = "20")]
    pub drain_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_body_bytes: 10 * 1024 * 1024,
            max_connections: 10_000,
            head_timeout: Duration::from_secs(15),
            body_timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(3),
            upstream_timeout: Duration::from_mins(1),
            upstream_idle_timeout: Duration::from_mins(5),
            keys_min_interval: Duration::from_secs(10),
            keys_max_age: Duration::from_mins(5),
            shutdown_delay: Duration::ZERO,
            drain_timeout: Duration::from_secs(20),
        }
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    match plexica_service::common::seconds(text) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => Err("write a number of seconds above 0, such as 30 or 0.5".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(more: &[&str]) -> Result<Config, clap::Error> {
        let required = ["plexica-gateway", "--keycloak-url", "http://kc:8080/", "--core-api-url", "http://core"];
        Config::try_parse_from(required.iter().chain(more))
    }

    #[test]
    fn defaults_of_flags_and_of_the_type_agree() {
        assert_eq!(format!("{:?}", parse(&[]).unwrap().limits), format!("{:?}", Limits::default()));
    }

    #[test]
    fn what_is_refused() {
        assert!(parse(&["--body-timeout", "0"]).is_err());
        assert!(parse(&["--body-timeout", "-1"]).is_err());
        assert!(parse(&["--tls-cert", "a.pem"]).is_err());
    }
}
