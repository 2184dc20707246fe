//! Flags and environment.

use std::{net::SocketAddr, time::Duration};

use clap::Parser;
use plexica_contract::Secret;
use plexica_service::Common;

/// Plexica's core API.
#[derive(Parser, Clone, Debug)]
#[command(name = "plexica-core-api", version)]
pub struct Config {
    /// What all parts have.
    #[command(flatten)]
    pub common: Common,
    /// Where it serves. Only gateway and plugins need to reach it.
    #[arg(long, env = "PLEXICA_LISTEN", default_value = "0.0.0.0:8081")]
    pub listen: SocketAddr,
    /// Postgres, with the login `plexica_core_api`. Parsed at the start: what refuses a flag repeats it,
    /// and this one holds a password.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Secret,
    /// How long connections are still taken once it is asked to stop (`/readyz` says so at once), in
    /// seconds: a cluster sends them until it has heard.
    #[arg(long, env = "PLEXICA_SHUTDOWN_DELAY", value_parser = plexica_service::common::seconds, default_value = "0")]
    pub shutdown_delay: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{database, start::StartError};

    #[test]
    fn a_url_that_is_none_is_never_printed() {
        for url in ["plexica_core_api:hunter2@database/plexica", "postgres://u:hunter2@[half/plexica", "hunter2"] {
            let config = match Config::try_parse_from(["plexica-core-api", "--database-url", url]) {
                Ok(config) => config,
                Err(error) => panic!("{error}"),
            };
            assert!(!format!("{config:?}").contains("hunter2"));
            let error = StartError::from(database::pool(&config).unwrap_err());
            let told = format!("{error} {error:?} {:?}", std::error::Error::source(&error));
            assert!(told.contains("DATABASE_URL") && !told.contains("hunter2"), "{told}");
        }
    }
}
