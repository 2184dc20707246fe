//! Kubernetes: shared, so a test uses names of its own.

use std::path::PathBuf;

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

use crate::part::{Missing, listening, variable};

/// How much of a cluster runs; each tier is a cluster of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tier {
    /// The API server alone: namespaces never go away, nothing is collected.
    T0,
    /// With controllers and scheduler, but no pods.
    T1,
    /// With a node.
    T2,
}

/// A running cluster.
#[derive(Debug, Clone)]
pub struct Cluster {
    /// The administrator's kubeconfig.
    pub kubeconfig: PathBuf,
    /// The real kubectl, of the same version.
    pub kubectl: PathBuf,
    part: &'static str,
}

impl Cluster {
    /// The running cluster of that tier.
    pub fn find(tier: Tier) -> Result<Self, Missing> {
        let (part, name) = match tier {
            Tier::T0 => ("kubernetes-t0", "KUBERNETES_T0_KUBECONFIG"),
            Tier::T1 => ("kubernetes-t1", "KUBERNETES_T1_KUBECONFIG"),
            Tier::T2 => ("kubernetes-t2", "KUBERNETES_T2_KUBECONFIG"),
        };
        let kubeconfig = PathBuf::from(variable(part, name)?);
        if let Some(server) = server(&kubeconfig) {
            listening(part, &server)?;
        }
        Ok(Self { kubeconfig, kubectl: variable(part, "KUBECTL")?.into(), part })
    }

    /// A client with the administrator's rights.
    ///
    /// # Panics
    /// If the kubeconfig cannot be read.
    pub async fn client(&self) -> Client {
        crate::tls();
        let kubeconfig = Kubeconfig::read_from(&self.kubeconfig).expect("a readable kubeconfig");
        let options = KubeConfigOptions::default();
        let config = Config::from_custom_kubeconfig(kubeconfig, &options).await.expect("a complete kubeconfig");
        Client::try_from(config).expect("a usable kubeconfig")
    }

    /// Another `PLEXICA_TEST_…` variable of this cluster, for example `KUBERNETES_T2_ADDRESS`.
    pub fn variable(&self, name: &str) -> Result<String, Missing> {
        variable(self.part, name)
    }
}

fn server(kubeconfig: &PathBuf) -> Option<String> {
    let kubeconfig = Kubeconfig::read_from(kubeconfig).ok()?;
    kubeconfig.clusters.into_iter().next()?.cluster?.server
}
