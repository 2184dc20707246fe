//! `<program> healthcheck`: asks the running service whether it is ready, for engines that can only start a program of
//! the image (Docker's `HEALTHCHECK`) where there is no shell and no curl.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use clap::{ArgMatches, Command};

/// The subcommand's name.
const NAME: &str = "healthcheck";
/// As [`crate::Common`] has it.
const METRICS_LISTEN: &str = "metrics_listen";
/// Shorter than an engine waits for a check.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Why it is not well.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing answers.
    #[error("the service does not answer")]
    Silent(#[from] reqwest::Error),
    /// It says what it waits for.
    #[error("{0}")]
    NotReady(String),
}

/// A program's command with this one below it.
pub(crate) fn beside(command: Command) -> Command {
    let check = Command::new(NAME).about("Ask the running service whether it is ready; for engines' health checks");
    command.subcommand(check).subcommand_negates_reqs(true)
}

/// Whom to ask, if the program was called for that.
pub(crate) fn asked(matches: &ArgMatches) -> Option<SocketAddr> {
    matches.subcommand_matches(NAME)?;
    matches.get_one::<SocketAddr>(METRICS_LISTEN).copied().map(here)
}

/// Asks once; what is asked is on this machine.
///
/// # Errors
/// When it is not ready, or does not answer.
pub async fn ask(client: reqwest::ClientBuilder, url: &str) -> Result<(), Error> {
    let answer = client.timeout(TIMEOUT).no_proxy().build()?.get(url).send().await?;
    if answer.status().is_success() {
        return Ok(());
    }
    Err(Error::NotReady(answer.text().await?.trim_end().to_owned()))
}

/// Where one that listens everywhere is reached from the same container.
fn here(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{CommandFactory, Parser};

    #[derive(Parser)]
    #[command(name = "program")]
    struct Config {
        #[command(flatten)]
        _common: crate::Common,
        #[arg(long)]
        _required: String,
    }

    fn of(arguments: &[&str]) -> clap::error::Result<ArgMatches> {
        beside(Config::command()).try_get_matches_from(["program"].iter().chain(arguments))
    }

    #[test]
    fn only_the_check_goes_without_the_configuration() {
        let asked = asked(&of(&["--metrics-listen", "[::]:91", "healthcheck"]).unwrap());
        assert_eq!(asked, Some("[::1]:91".parse().unwrap()));
        assert!(of(&[]).is_err());
        assert_eq!(super::asked(&of(&["--required", "x"]).unwrap()), None);
    }

    #[test]
    fn one_that_listens_on_an_address_is_asked_there() {
        for (listen, expected) in [("0.0.0.0:9", "127.0.0.1:9"), ("10.0.0.1:9", "10.0.0.1:9"), ("[::1]:9", "[::1]:9")] {
            assert_eq!(here(listen.parse().unwrap()), expected.parse().unwrap());
        }
    }

    #[tokio::test]
    async fn what_a_service_waits_for_is_told() {
        crate::program::tls_provider();
        let readiness = crate::Readiness::default();
        let gate = readiness.gate("keys");
        let stop = tokio_util::sync::CancellationToken::new();
        let tasks = crate::Tasks::new(&stop);
        let listen = "127.0.0.1:0".parse().unwrap();
        let registry = prometheus_client::registry::Registry::default();
        let addr = crate::observability::serve(&tasks, listen, readiness, registry).await.unwrap();
        let url = format!("http://{addr}/readyz");
        let ask = async || ask(reqwest::Client::builder(), &url).await;
        assert_eq!(ask().await.unwrap_err().to_string(), "waiting for keys");
        gate.open();
        ask().await.unwrap();
        stop.cancel();
        tasks.running(addr, addr).stopped().await.unwrap();
        assert_eq!(ask().await.unwrap_err().to_string(), "the service does not answer");
    }
}
