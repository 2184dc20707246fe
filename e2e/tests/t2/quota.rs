//! What a tenant's own pods take of its plan, as a real cluster counts it.

use std::time::Duration;

use plexica_e2e::{
    kubectl::NAMESPACE,
    request::unpooled,
    scenario::{
        lifecycle::replaced_under_load,
        upgrade::{FIRST, INSTALL, entry, install},
    },
};
use plexica_testkit::wait_for;
use serde_json::{Value, json};

use crate::cluster::Cluster;

const TENANT: &str = "tenant/acme";
const OWN: &str = "tenant-acme";
const QUOTA: &str = "resourcequota/plexica-plan";
/// The node has two cores for everything.
const LONG: Duration = Duration::from_mins(2);

/// The plans of the installation: all, enough for two of the tenant's pods, and too little for one.
pub fn plans() -> Value {
    json!({
        "standard": {},
        "small": { "resources": {
            "requests": { "cpu": "60m", "memory": "64Mi" }, "limits": { "memory": "256Mi" },
            "container": { "requests": { "cpu": "30m", "memory": "32Mi" }, "limits": { "memory": "128Mi" } },
        } },
        "tiny": { "resources": { "requests": { "cpu": "20m" } } },
    })
}

/// A pod of the tenant's own counts with what its plan says for those that say nothing; while it is there no smaller
/// plan comes into force, and who asked is told the figures. Within the plan there is room to replace it for new
/// credentials, with no request failing.
pub async fn counts_its_pods(cluster: &Cluster, gateway: &str, signs_in: impl AsyncFn() -> String) {
    plan(cluster, "small").await;
    in_force(cluster, "small").await;
    used(cluster, &json!({ "requests.cpu": "0", "requests.memory": "0", "limits.memory": "0" })).await;
    cluster.apply(&entry(cluster, FIRST, 0)).await;
    let mut own = install(FIRST, "Notes");
    own["spec"]["isolation"] = json!("Dedicated");
    cluster.apply(&own).await;
    cluster.wait(INSTALL, NAMESPACE).await;
    let one = json!({ "requests.cpu": "30m", "requests.memory": "32Mi", "limits.memory": "128Mi" });
    used(cluster, &one).await;
    let (http, url, token) = (unpooled(), format!("{gateway}/api/plugins/notes/notes"), signs_in().await);
    wait_for("it is served", LONG, async || {
        let answer = http.get(&url).bearer_auth(&token).send().await.expect("the gateway answers");
        answer.status().is_success().then_some(())
    })
    .await;
    replaced_under_load(cluster, (OWN, "notes"), TENANT, INSTALL, (&url, &token)).await;
    used(cluster, &one).await;

    plan(cluster, "tiny").await;
    let said = wait_for("the smaller plan is refused", LONG, async || {
        let status = cluster.get(TENANT, "").await["status"].clone();
        let applied = status["conditions"].as_array()?.iter().find(|one| one["type"] == "PlanApplied")?.clone();
        (applied["reason"] == "QuotaExceeded").then(|| applied["message"].as_str().unwrap_or_default().to_owned())
    })
    .await;
    assert!(said.contains("requests.cpu 30m of 20m. The plan small stays in force."), "{said}");
    let hard = cluster.get(QUOTA, OWN).await["spec"]["hard"].clone();
    assert_eq!(hard, json!({ "requests.cpu": "60m", "requests.memory": "64Mi", "limits.memory": "256Mi" }));

    // With the pod goes what held it up.
    cluster.delete(INSTALL, NAMESPACE).await;
    in_force(cluster, "tiny").await;
    used(cluster, &json!({ "requests.cpu": "0" })).await;
    cluster.delete(&format!("plugin/notes-{FIRST}"), "").await;
    plan(cluster, "standard").await;
    in_force(cluster, "standard").await;
}

async fn plan(cluster: &Cluster, name: &str) {
    cluster.patch(TENANT, "", &json!({ "spec": { "plan": name } })).await;
}

async fn in_force(cluster: &Cluster, name: &str) {
    wait_for(&format!("the plan {name} is in force"), LONG, async || {
        (cluster.get(TENANT, "").await["status"]["plan"]["name"] == name).then_some(())
    })
    .await;
}

/// Waits until the cluster has counted that.
async fn used(cluster: &Cluster, amounts: &Value) {
    wait_for(&format!("{amounts} is used"), LONG, async || {
        (cluster.get(QUOTA, OWN).await["status"]["used"] == *amounts).then_some(())
    })
    .await;
}
