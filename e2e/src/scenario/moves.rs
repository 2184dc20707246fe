//! An install that is to move or to stop, and serves until it may.

use std::cell::Cell;

use plexica_testkit::wait_for;
use serde_json::{Value, json};

use super::{
    Place,
    lifecycle::{INSTALL, LONG},
    upgrade::{self, FIRST, entry},
};
use crate::{
    kubectl::NAMESPACE,
    request::{is_served, serves_throughout, unpooled},
};

/// Of the tenant, where its own workloads are.
const ITS_OWN: &str = "tenant-acme";
/// So many requests later, gateways and plugins have heard what was said before.
const HEARD: usize = 50;

/// It moves to a workload of the tenant's own and back.
pub async fn there_and_back(place: &impl Place, url: &str, token: &str) {
    let served = Cell::new(0);
    let moved = async {
        for isolation in ["Dedicated", "Shared"] {
            let before = running(place).await;
            place.kubectl().patch(INSTALL, NAMESPACE, &json!({ "spec": { "isolation": isolation } })).await;
            wait_for(&format!("{isolation} serves alone"), LONG, async || {
                let status = status(place).await;
                let now = running(place).await;
                let serves = status["route"]["isolation"] == isolation && status["phase"] == "Ready";
                (serves && now.len() == 1 && now != before).then_some(())
            })
            .await;
        }
    };
    let count = serves_throughout(&request(url, token, &served), moved).await;
    println!(
        "{count} requests were served while a plugin moved to a workload of the tenant's own and back, and none failed"
    );
}

/// Others need it; the operator is asked what it would do, or told to leave it alone: it serves, whatever it is to
/// become, and becomes that when it may.
pub async fn serves_until_it_may_go(place: &impl Place, url: &str, token: &str) {
    let kubectl = place.kubectl();
    let served = Cell::new(0);
    let request = request(url, token, &served);
    let goes_on = async || {
        let before = served.get();
        wait_for("requests go on", LONG, async || (served.get() >= before + HEARD).then_some(())).await;
    };
    let annotate = async |annotation: &str| kubectl.annotate(INSTALL, NAMESPACE, annotation).await;
    let is_to = async |spec: Value| kubectl.patch(INSTALL, NAMESPACE, &json!({ "spec": spec })).await;
    let ends = async |what: &str| {
        wait_for(what, LONG, async || request().await.is_err_and(|answer| answer.contains("404")).then_some(())).await;
    };

    others_need_it(place).await;
    let held = async {
        is_to(json!({ "enabled": false })).await;
        says(place, "Ready", "InUse").await;
        goes_on().await;
        is_to(json!({ "enabled": true })).await;
        kubectl.wait(INSTALL, NAMESPACE).await;
        kubectl.run(&["delete", "--wait=false", INSTALL, "--namespace", NAMESPACE], "").await.unwrap();
        says(place, "Ready", "InUse").await;
        goes_on().await;
    };
    let needed = serves_throughout(&request, held).await;
    nobody_needs_it(place).await;
    ends("it has gone").await;
    kubectl.run(&["wait", "--for=delete", "--timeout=120s", INSTALL, "--namespace", NAMESPACE], "").await.unwrap();
    kubectl.apply_file("examples/install.yaml").await;
    kubectl.wait(INSTALL, NAMESPACE).await;
    wait_for("it is served again", LONG, async || request().await.ok()).await;

    let held = async {
        annotate("plexica.io/dry-run=true").await;
        for (spec, word) in [(json!({ "isolation": "Dedicated" }), "of its own"), (json!({ "enabled": false }), "away")]
        {
            is_to(spec).await;
            says(place, "DryRun", word).await;
            goes_on().await;
        }
        annotate("plexica.io/paused=true").await;
        annotate("plexica.io/dry-run-").await;
        says(place, "Paused", "Paused").await;
        goes_on().await;
    };
    let left_alone = serves_throughout(&request, held).await;
    is_to(json!({ "isolation": "Shared" })).await;
    annotate("plexica.io/paused-").await;
    ends("it is disabled").await;
    is_to(json!({ "enabled": true })).await;
    kubectl.wait(INSTALL, NAMESPACE).await;
    wait_for("it is enabled", LONG, async || request().await.ok()).await;
    println!(
        "{needed} and {left_alone} requests were served by a plugin that was to go and might not yet, and none failed"
    );
}

/// Another plugin of the tenant does.
async fn others_need_it(place: &impl Place) {
    let mut needs = entry(place, FIRST, 0);
    needs["spec"]["requires"] = json!([{ "plugin": "crm", "version": "^0.1" }]);
    place.kubectl().apply(&needs).await;
    place.kubectl().apply(&upgrade::install(FIRST, "Notes")).await;
    place.kubectl().wait(upgrade::INSTALL, NAMESPACE).await;
}

async fn nobody_needs_it(place: &impl Place) {
    place.kubectl().delete(upgrade::INSTALL, NAMESPACE).await;
    place.kubectl().delete(&format!("plugin/notes-{FIRST}"), "").await;
}

/// Until the condition has that reason, or the word in its message.
async fn says(place: &impl Place, kind: &str, word: &str) {
    wait_for(&format!("{kind} says {word}"), LONG, async || {
        let status = status(place).await;
        let told = status["conditions"].as_array()?.iter().find(|one| one["type"] == kind)?;
        (told["reason"] == word || told["message"].as_str()?.contains(word)).then_some(())
    })
    .await;
}

/// A request, and how many were served.
fn request(url: &str, token: &str, served: &Cell<usize>) -> impl AsyncFn() -> Result<(), String> {
    let http = unpooled();
    async move || {
        is_served(&http, url, token).await?;
        served.set(served.get() + 1);
        Ok(())
    }
}

async fn status(place: &impl Place) -> Value {
    place.kubectl().get(INSTALL, NAMESPACE).await["status"].clone()
}

/// All that runs of it, the tenant's own among it.
async fn running(place: &impl Place) -> Vec<String> {
    let mut all = place.running(NAMESPACE, "crm").await;
    all.extend(place.running(ITS_OWN, "crm").await);
    all.sort_unstable();
    all.dedup();
    all
}
