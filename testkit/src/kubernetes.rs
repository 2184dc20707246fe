//! Kubernetes: shared, so a test uses names of its own.

use std::path::{Path, PathBuf};
use std::time::Duration;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Patch, PatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config, ResourceExt};

use crate::part::{Missing, listening, variable};
use crate::wait::wait_for;

/// How long the API server may take to serve a kind.
const PATIENCE: Duration = Duration::from_mins(1);

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
        client_of(&self.kubeconfig).await
    }

    /// Another `PLEXICA_TEST_…` variable of this cluster, for example `KUBERNETES_T2_ADDRESS`.
    pub fn variable(&self, name: &str) -> Result<String, Missing> {
        variable(self.part, name)
    }
}

/// A client with the rights of a kubeconfig.
///
/// # Panics
/// If it cannot be read.
pub async fn client_of(kubeconfig: &Path) -> Client {
    crate::tls();
    let kubeconfig = Kubeconfig::read_from(kubeconfig).expect("a readable kubeconfig");
    let options = KubeConfigOptions::default();
    let config = Config::from_custom_kubeconfig(kubeconfig, &options).await.expect("a complete kubeconfig");
    Client::try_from(config).expect("a usable kubeconfig")
}

/// Applies definitions of kinds, and waits until the API server serves them.
///
/// # Panics
/// If it refuses one, or does not serve it within a minute.
pub async fn define(client: &Client, definitions: impl IntoIterator<Item = CustomResourceDefinition>) {
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    for definition in definitions {
        let name = definition.name_any();
        let applied = api.patch(&name, &PatchParams::apply("test").force(), &Patch::Apply(&definition)).await;
        applied.expect("a definition that the API server takes");
        wait_for(&format!("{name} is established"), PATIENCE, async || {
            let status = api.get(&name).await.expect("what was applied is there").status?;
            let conditions = status.conditions.unwrap_or_default();
            conditions.iter().any(|c| c.type_ == "Established" && c.status == "True").then_some(())
        })
        .await;
    }
}

fn server(kubeconfig: &PathBuf) -> Option<String> {
    let kubeconfig = Kubeconfig::read_from(kubeconfig).ok()?;
    kubeconfig.clusters.into_iter().next()?.cluster?.server
}
