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
/// Of gateways and core APIs.
const COPIES: usize = 2;
/// There are two cores for everything.
const LONG: Duration = Duration::from_mins(2);

/// A tenant's user at work: with a plugin, and with the platform itself.
pub struct User {
    http: reqwest::Client,
    urls: [String; 2],
    token: String,
}

impl User {
    /// With what a plugin serves there; the token is good for five minutes.
    pub fn new(gateway: &str, path: &str, token: String) -> Self {
        Self { http: unpooled(), urls: [path, "/api/v1/me"].map(|path| format!("{gateway}{path}")), token }
    }

    async fn works(&self) -> Result<(), String> {
        for url in &self.urls {
            match self.http.get(url).bearer_auth(&self.token).send().await {
                Ok(answer) if answer.status().is_success() => {}
                other => return Err(format!("{url}: {other:?}")),
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
    for (component, replicas) in [("operator", 1), ("coreApi", COPIES), ("gateway", COPIES)] {
        values[component] = json!({ "replicas": replicas, "extraEnv": others });
    }
    values["dedicatedPlugins"] = json!(false);
    let served = serves_throughout(async || user.works().await, cluster.upgrade(&values)).await;
    println!("{served} times two requests were served while the chart was upgraded, and none failed");
}

/// A node is drained: a gateway goes without a request failing, since there is another, and a plugin's only pod comes back.
pub async fn evicts(cluster: &Cluster, user: impl AsyncFn() -> User) {
    let before = are(cluster, GATEWAY, COPIES, &[]).await;
    let evicted = async {
        evict(cluster, &before[0]).await;
        are(cluster, GATEWAY, COPIES, &before[..1]).await;
    };
    let works = user().await;
    let served = serves_throughout(async || works.works().await, evicted).await;
    println!("{served} times two requests were served while a gateway was evicted, and none failed");
    let plugin = are(cluster, CRM, 1, &[]).await;
    evict(cluster, &plugin[0]).await;
    are(cluster, CRM, 1, &plugin).await;
    is_served(&user().await).await;
}

/// As near to a fault as the API goes: a second or two are left to them.
pub async fn kills(cluster: &Cluster, user: impl AsyncFn() -> User) {
    for (selector, copies) in [(GATEWAY, COPIES), (OPERATOR, 1)] {
        let before = are(cluster, selector, copies, &[]).await;
        for pod in &before {
            let now = ["delete", "pod", pod, "--namespace", NAMESPACE, "--grace-period=0", "--force"];
            cluster.run(&now, "").await.unwrap();
        }
        are(cluster, selector, copies, &before).await;
        is_served(&user().await).await;
    }
    // The next operator does its work.
    cluster.patch("tenant/acme", "", &json!({ "spec": { "displayName": "Acme, still" } })).await;
    wait_for("it is looked at", LONG, async || {
        let tenant = cluster.get("tenant/acme", "").await;
        (tenant["status"]["observedGeneration"] == tenant["metadata"]["generation"]).then_some(())
    })
    .await;
}

/// By the call that `kubectl drain` makes, which asks the disruption budget and may have to wait for it.
/// <https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/>
async fn evict(cluster: &Cluster, pod: &str) {
    let eviction = json!({
        "apiVersion": "policy/v1", "kind": "Eviction", "metadata": { "name": pod, "namespace": NAMESPACE },
    });
    let path = format!("/api/v1/namespaces/{NAMESPACE}/pods/{pod}/eviction");
    wait_for("the disruption budget lets it go", LONG, async || {
        match cluster.run(&["create", "--raw", &path, "--filename", "-"], &eviction.to_string()).await {
            Ok(_) => Some(()),
            Err(error) => {
                assert!(error.contains("disruption budget"), "{error}");
                None
            }
        }
    })
    .await;
}

/// Waits until that many pods are ready and no others are there, none of them one of those; their names.
async fn are(cluster: &Cluster, selector: &str, count: usize, gone: &[String]) -> Vec<String> {
    wait_for(&format!("{count} of {selector}, without {gone:?}"), LONG, async || {
        let list = ["get", "pods", "--namespace", NAMESPACE, "--output=json", "--selector", selector];
        let found: Value = serde_json::from_str(&cluster.run(&list, "").await.unwrap()).expect("JSON");
        let pods = found["items"].as_array().expect("a list");
        let are_ready = pods.iter().all(is_ready);
        let names: Vec<String> = pods.iter().filter_map(|pod| Some(pod["metadata"]["name"].as_str()?.into())).collect();
        let are_others = !names.iter().any(|name| gone.contains(name));
        (are_ready && are_others && names.len() == count).then_some(names)
    })
    .await
}

fn is_ready(pod: &Value) -> bool {
    let conditions = pod["status"]["conditions"].as_array();
    let says = conditions.is_some_and(|all| all.iter().any(|one| one["type"] == "Ready" && one["status"] == "True"));
    says && pod["metadata"]["deletionTimestamp"].is_null()
}

async fn is_served(user: &User) {
    wait_for("requests are served", LONG, async || user.works().await.ok()).await;
}
