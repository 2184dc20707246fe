//! Starting one of Plexica's own services in this process.

use std::net::SocketAddr;

use clap::Parser;
use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
};
use plexica_service::Running;
use plexica_standalone::Server;
use tokio_util::sync::CancellationToken;

use super::{Error, Options, platform::Platform};

/// As `rights` names the tokens and the sample names its install's namespace.
pub const NAMESPACE: &str = "plexica-system";

/// What the services have in common.
pub struct Services<'a> {
    /// Where they are kept.
    pub platform: &'a mut Platform,
    /// The Kubernetes API they talk to.
    pub server: &'a Server,
    /// What the person wants.
    pub options: &'a Options,
}

/// One of them.
pub struct Service<'a> {
    /// Its name for people.
    pub name: &'static str,
    /// Its name at the Kubernetes API, and its token there.
    pub account: (&'a str, &'a str),
    /// Its configuration, besides what all have.
    pub flags: Vec<String>,
}

impl Services<'_> {
    /// Reads the configuration as the program of its own would, starts it with a client of its own
    /// rights, and keeps it. Returns where it serves.
    pub async fn start<C, E>(
        &mut self,
        service: Service<'_>,
        start: impl AsyncFnOnce(C, Client, CancellationToken) -> Result<Running, E>,
    ) -> Result<SocketAddr, Error>
    where
        C: Parser,
        E: std::fmt::Display,
    {
        let Service { name, account: (account, token), flags } = service;
        let all = [name.to_owned()].into_iter().chain(self.common()).chain(flags);
        let config = C::try_parse_from(all).map_err(Error::service(name))?;
        let client = client(&self.server.kubeconfig(account, token)).await?;
        let stop = CancellationToken::new();
        let running = start(config, client, stop.clone()).await.map_err(Error::service(name))?;
        let addr = running.addr;
        let ended = async { running.stopped().await.map_or_else(|error| error.to_string(), |()| String::new()) };
        self.platform.keep(name, stop, ended);
        Ok(addr)
    }

    fn common(&self) -> impl Iterator<Item = String> + use<> {
        let Options { installation, ca_bundle, .. } = self.options;
        let ca_bundle = ca_bundle.as_ref().map(|file| format!("--ca-bundle={}", file.display()));
        [
            format!("--installation={installation}"),
            format!("--namespace={NAMESPACE}"),
            "--metrics-listen=127.0.0.1:0".to_owned(),
        ]
        .into_iter()
        .chain(ca_bundle)
    }
}

/// A client of the Kubernetes API.
pub async fn client(kubeconfig: &str) -> Result<Client, Error> {
    const WHAT: &str = "the client of the Kubernetes API";
    let kubeconfig = Kubeconfig::from_yaml(kubeconfig).map_err(Error::service(WHAT))?;
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await;
    let mut config = config.map_err(Error::service(WHAT))?;
    // It is on loopback: HTTPS_PROXY is about what is elsewhere.
    config.proxy_url = None;
    Client::try_from(config).map_err(Error::service(WHAT))
}
