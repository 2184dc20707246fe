//! An API server to apply to: a cluster's, or the standalone one, chosen when tests are run and not
//! when they are built.

mod standalone;

use std::env;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Client;

use self::standalone::Running;
use crate::kubernetes::{Cluster, Tier, client_of, define};
use crate::part::Missing;
use crate::postgres::{PgVersion, Server};

/// The variable that chooses.
pub const VARIABLE: &str = "PLEXICA_TEST_API";

/// Whose API server it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Flavour {
    /// Kubernetes' own, which all tests share.
    #[default]
    Kubernetes,
    /// Ours, one for each test, in a database of its own.
    Standalone,
}

impl Flavour {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Kubernetes, Self::Standalone];

    /// The one that this run is for.
    ///
    /// # Panics
    /// If the variable says something else.
    pub fn chosen() -> Self {
        let Ok(value) = env::var(VARIABLE) else { return Self::default() };
        value.parse().unwrap_or_else(|error| panic!("{VARIABLE}: {error}"))
    }

    /// As it is named in the variable and on command lines.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kubernetes => "kubernetes",
            Self::Standalone => "standalone",
        }
    }
}

impl fmt::Display for Flavour {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Flavour {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|flavour| flavour.name() == text);
        found.ok_or_else(|| format!("`{text}` is neither {}", Self::ALL.map(Self::name).join(" nor ")))
    }
}

/// A running API server that serves the definitions it was found with.
#[derive(Debug)]
pub struct ApiServer {
    /// The administrator's kubeconfig.
    pub kubeconfig: PathBuf,
    // Dropped, it would stop.
    _running: Option<Running>,
}

impl ApiServer {
    /// Finds the cluster's, or starts ours on the running Postgres.
    ///
    /// # Errors
    /// The part that does not run.
    ///
    /// # Panics
    /// If it does not serve the definitions.
    pub async fn find(flavour: Flavour, definitions: Vec<CustomResourceDefinition>) -> Result<Self, Missing> {
        match flavour {
            Flavour::Kubernetes => {
                let cluster = Cluster::find(Tier::T0)?;
                define(&cluster.client().await, definitions).await;
                Ok(Self { kubeconfig: cluster.kubeconfig, _running: None })
            }
            Flavour::Standalone => {
                let database = Server::find(PgVersion::V17)?.database().await;
                let running = Running::start(database, definitions).await;
                Ok(Self { kubeconfig: running.kubeconfig.clone(), _running: Some(running) })
            }
        }
    }

    /// A client with the administrator's rights.
    ///
    /// # Panics
    /// If the kubeconfig cannot be read.
    pub async fn client(&self) -> Client {
        client_of(&self.kubeconfig).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_said() {
        for flavour in Flavour::ALL {
            assert_eq!(flavour.name().parse(), Ok(flavour));
        }
        let error = "k3s".parse::<Flavour>().unwrap_err();
        assert_eq!(error, "`k3s` is neither kubernetes nor standalone");
    }
}
