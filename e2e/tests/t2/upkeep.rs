//! What administrators and nodes do to the platform while tenants work with it.

use std::time::Duration;

use plexica_e2e::{
    kubectl::NAMESPACE,
    request::{serves_throughout, unpooled},
};
use plexica_testkit::wait_for;
use serde_json::{Value, json};

use crate::cluster::Cluster;

const GATEWAY: &str = "app.kubernetes.io/name=plexica-gateway";
const OPERATOR: &str = "app.kubernetes.io/name=plexica-operator";
const CRM: &str = "plexica.io/plugin=crm";
/// There are two cores for everything.
const LONG: Duration = Duration::from_mins(2);

/// A tenant's user at work: with a plugin, and with the platform itself.
pub struct User {
    /// Where the gateway is.
    pub gateway: String,
    /// What the plugin serves.
    pub path: String,
    /// The user's.
    pub token: String,
}

impl User {
    async fn works(&self) -> Result<(), String> {
        for path in [self.path.as_str(), "/api/v1/me"] {
            match unpooled().get(format!("{}{path}", self.gateway)).bearer_auth(&self.token).send().await {
                Ok(answer) if answer.status().is_success() => {}
                other => return Err(format!("{path}: {other:?}")),
            }
        }
        Ok(())
    }
}

/// The release gets this chart, whatever it was made from, and another pod of each component, of gateway and core API
/// two; no request fails.
pub async fn upgrades(cluster: &Cluster, values: &Value, user: &User) {
    let mut values = values.clone();
    let others = json!([{ "name": "PLEXICA_UPGRADED", "value": "true" }]);
    for (component, replicas) in [("operator", 1), ("coreApi", 2), ("gateway", 2)] {
        values[component] = json!({ "replicas": replicas, "extraEnv": others });
    }
    values["dedicatedPlugins"] = json!(false);
    let served = serves_throughout(async || user.works().await, cluster.upgrade(&values)).await;
    println!("{served} times two requests were served while the chart was upgraded, and none failed");
}

/// A node takes back what it lends: a pod of the gateway goes without a request failing, since there is another, and one
/// that is a plugin's only one comes back.
pub async fn evicts(cluster: &Cluster, user: &User) {
    let evicted = async {
        let [first, _] = &pods(cluster, GATEWAY).await[..] else { panic!("two gateways") };
        evict(cluster, first).await;
        replaced(cluster, GATEWAY, first).await;
    };
    let served = serves_throughout(async || user.works().await, evicted).await;
    println!("{served} times two requests were served while a gateway was evicted, and none failed");
    let plugin = pods(cluster, CRM).await;
    evict(cluster, &plugin[0]).await;
    replaced(cluster, CRM, &plugin[0]).await;
    is_served(user).await;
}

/// As a fault ends them: at once, and without a word.
pub async fn kills(cluster: &Cluster, user: &User) {
    for selector in [GATEWAY, OPERATOR] {
        for pod in pods(cluster, selector).await {
            let now = ["delete", "pod", &pod, "--namespace", NAMESPACE, "--grace-period=0", "--force"];
            cluster.run(&now, "").await.unwrap();
            replaced(cluster, selector, &pod).await;
        }
        is_served(user).await;
    }
}

/// By the call that a node under pressure and `kubectl drain` lead to, which asks the disruption budget.
/// <https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/>
async fn evict(cluster: &Cluster, pod: &str) {
    let eviction = json!({
        "apiVersion": "policy/v1", "kind": "Eviction", "metadata": { "name": pod, "namespace": NAMESPACE },
    });
    let path = format!("/api/v1/namespaces/{NAMESPACE}/pods/{pod}/eviction");
    cluster.run(&["create", "--raw", &path, "--filename", "-"], &eviction.to_string()).await.unwrap();
}

/// Waits until the pod has gone, and as many as are asked for are ready.
async fn replaced(cluster: &Cluster, selector: &str, pod: &str) {
    wait_for(&format!("another has come for {pod}"), LONG, async || {
        let gone = !pods(cluster, selector).await.iter().any(|name| name == pod);
        let deployments = ["get", "deployments", "--namespace", NAMESPACE, "--selector", selector];
        let ready = "--output=jsonpath={range .items[*]}{.spec.replicas}={.status.readyReplicas} {end}";
        let ready = cluster.run(&[&deployments[..], &[ready]].concat(), "").await.ok()?;
        let are_ready = ready.split_whitespace().all(|one| one.split_once('=').is_some_and(|(all, now)| all == now));
        (gone && !ready.is_empty() && are_ready).then_some(())
    })
    .await;
}

/// Names of pods, those on their way out among them.
async fn pods(cluster: &Cluster, selector: &str) -> Vec<String> {
    let list = ["get", "pods", "--namespace", NAMESPACE, "--selector", selector];
    let names = "--output=jsonpath={.items[*].metadata.name}";
    let names = cluster.run(&[&list[..], &[names]].concat(), "").await.unwrap();
    names.split_whitespace().map(str::to_owned).collect()
}

async fn is_served(user: &User) {
    wait_for("requests are served", LONG, async || user.works().await.ok()).await;
}
