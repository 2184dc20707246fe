//! What a cluster does about Deployments and Services, where no controller, kubelet or kube-proxy runs: a pod is a
//! process on this machine, and a Service an address of its own. No replica stands beside another.

mod pod;
mod service;

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{DefaultHasher, Hash, Hasher},
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{Secret, Service},
};
use kube::{
    Api, Client, ResourceExt,
    api::{ListParams, Patch, PatchParams},
};
use plexica_crds::label;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use pod::Pod;
use service::Services;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// It works until this is dropped; its pods end with it.
#[derive(Debug)]
pub struct Node {
    services: Arc<Services>,
    _work: JoinSet<()>,
}

impl Node {
    /// For the workloads of that installation; hosts file and logs go into the folder.
    ///
    /// # Panics
    /// When nothing can be written there.
    pub fn start(client: Client, installation: &str, folder: &Path) -> Self {
        let services = Arc::new(Services::new(folder));
        let mut work = JoinSet::new();
        let mine = ListParams::default().labels(&format!("{}={installation},{}", label::INSTALLATION, label::PLUGIN));
        let cluster = Cluster { client, mine, logs: folder.join("plugins"), services: services.clone() };
        work.spawn(async move {
            let mut pods = BTreeMap::new();
            loop {
                // What the API server says at a bad moment it may say better at the next.
                let _again = cluster.look(&mut pods).await;
                tokio::time::sleep(PAUSE).await;
            }
        });
        Self { services, _work: work }
    }

    /// Names and addresses of Services, as a pod in a cluster would resolve them.
    pub fn hosts(&self) -> &Path {
        self.services.hosts()
    }

    /// The address of a Service.
    pub fn address(&self, host: &str) -> Option<SocketAddr> {
        self.services.address(host)
    }
}

/// Pods by the uid of their Deployment.
type Pods = BTreeMap<String, Vec<Pod>>;

struct Cluster {
    client: Client,
    mine: ListParams,
    logs: PathBuf,
    services: Arc<Services>,
}

impl Cluster {
    async fn look(&self, pods: &mut Pods) -> Result<(), kube::Error> {
        let (deployments, services): (Api<Deployment>, Api<Service>) =
            (Api::all(self.client.clone()), Api::all(self.client.clone()));
        // One after the other: a Service is made before its Deployment, so that each of these has its own then.
        let deployments = deployments.list(&self.mine).await?;
        let services = services.list(&self.mine).await?;
        let there: BTreeSet<String> = deployments.iter().filter_map(ResourceExt::uid).collect();
        pods.retain(|uid, _| there.contains(uid));
        self.services.are(services.iter().map(host).collect()).await;
        for deployment in deployments {
            let pods = pods.entry(deployment.uid().unwrap_or_default()).or_default();
            self.bring(&deployment, pods).await?;
        }
        Ok(())
    }

    /// A new pod beside those before, which end when it is ready.
    async fn bring(&self, deployment: &Deployment, pods: &mut Vec<Pod>) -> Result<(), kube::Error> {
        let spec = deployment.spec.clone().unwrap_or_default();
        let (wanted, template) = (spec.replicas.unwrap_or(1), template(&json!(spec.template)));
        pods.retain_mut(|pod| pod.runs() && wanted > 0);
        if wanted > 0 && !pods.iter().any(|pod| pod.template == template) {
            let secrets: Api<Secret> =
                Api::namespaced(self.client.clone(), &deployment.namespace().unwrap_or_default());
            // A pod that wants a Secret that there is not waits for it.
            if let Some(secret) = secrets.get_opt(&deployment.name_any()).await? {
                let log = self.logs.join(format!("{}.log", deployment.name_any()));
                pods.push(Pod::start(template, secret, &log));
            }
        }
        let mut ready = None;
        for pod in pods.iter_mut().filter(|pod| pod.template == template) {
            if pod.is_ready().await {
                ready = Some(pod.address);
            }
        }
        if let Some(address) = ready {
            self.services.lead(&host(deployment), address);
            pods.retain(|pod| pod.template == template);
        }
        let all: Vec<_> = pods.iter().map(|pod| (pod.template == template, pod.was_ready())).collect();
        let (seen, told) = (json!(deployment.status), status(deployment.metadata.generation, wanted, &all));
        if told.iter().any(|(name, number)| seen[name].as_i64().unwrap_or_default() != *number) {
            let api: Api<Deployment> =
                Api::namespaced(self.client.clone(), &deployment.namespace().unwrap_or_default());
            let patch = Patch::Merge(json!({ "status": BTreeMap::from(told) }));
            api.patch_status(&deployment.name_any(), &PatchParams::default(), &patch).await?;
        }
        Ok(())
    }
}

/// The name of the Service of a workload: workload and Service are called alike.
fn host<K: ResourceExt>(object: &K) -> String {
    format!("{}.{}.svc", object.name_any(), object.namespace().unwrap_or_default())
}

/// Another one whenever a pod would be another.
fn template(spec: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    spec.to_string().hash(&mut hasher);
    hasher.finish()
}

/// What is told of a Deployment that wants so many, from its pods: whether each is of the template of now, and was
/// ready. One stands for all that are wanted.
fn status(generation: Option<i64>, wanted: i32, pods: &[(bool, bool)]) -> [(&'static str, i64); 5] {
    let old = pods.iter().filter(|(new, _)| !new).count();
    let so_many = |is: bool| if is { i64::from(wanted) } else { 0 };
    let updated = so_many(pods.iter().any(|(new, _)| *new));
    let available = so_many(pods.iter().any(|(_, ready)| *ready));
    [
        ("observedGeneration", generation.unwrap_or_default()),
        ("replicas", updated + i64::try_from(old).unwrap_or_default()),
        ("updatedReplicas", updated),
        ("readyReplicas", available),
        ("availableReplicas", available),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deployment_rolls_from_the_pod_before_to_the_new_one() {
        for (pods, replicas, updated, available) in [
            (vec![], 0, 0, 0),
            (vec![(true, false)], 1, 1, 0),
            (vec![(true, true)], 1, 1, 1),
            (vec![(false, true)], 1, 0, 1),
            (vec![(false, true), (true, false)], 2, 1, 1),
        ] {
            let told = BTreeMap::from(status(Some(3), 1, &pods));
            let numbers = ["observedGeneration", "replicas", "updatedReplicas", "readyReplicas", "availableReplicas"]
                .map(|name| told[name]);
            assert_eq!(numbers, [3, replicas, updated, available, available], "{pods:?}");
        }
    }
}
