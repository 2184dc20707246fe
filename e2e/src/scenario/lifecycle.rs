//! What happens to what runs of a plugin while its tenant works with it.

use std::time::Duration;

use plexica_testkit::{unique, wait_for};
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::Place;
use crate::{
    kubectl::NAMESPACE,
    request::{is_served, served, serves_throughout, unpooled},
};

const TENANT: &str = "tenant/acme";
/// The one of the examples.
pub(super) const INSTALL: &str = "plugininstall/acme-crm";
/// There are two cores for everything.
pub(super) const LONG: Duration = Duration::from_mins(2);

/// The plugin's pod is replaced for new credentials, while requests go on.
pub async fn rolls(place: &impl Place, url: &str, token: &str) {
    replaced_under_load(place, (NAMESPACE, "crm"), "plugin/crm-0.1.0", INSTALL, (url, token)).await;
}

/// A plugin's only pod there is replaced for new credentials of what has them, while requests go on, each on a
/// connection of its own.
pub async fn replaced_under_load(
    place: &impl Place,
    (namespace, plugin): (&str, &str),
    of: &str,
    install: &str,
    (url, token): (&str, &str),
) {
    let before = place.running(namespace, plugin).await;
    assert_eq!(before.len(), 1, "{before:?}");
    let http = unpooled();
    let request = async || is_served(&http, url, token).await;
    let rolled = async {
        place.kubectl().annotate(of, "", &format!("plexica.io/rotate={}", unique("now"))).await;
        wait_for("another runs in the place of the pod, which is gone", LONG, async || {
            let now = place.running(namespace, plugin).await;
            (now.len() == 1 && now != before).then_some(())
        })
        .await;
        place.kubectl().wait(install, NAMESPACE).await;
    };
    let served = serves_throughout(request, rolled).await;
    println!("{served} requests were served while a pod of {plugin} in {namespace} was replaced, and none failed");
}

/// A tenant that is suspended has no pods, and its users are told why; resumed, all is as it was.
pub async fn rests(place: &impl Place, url: &str, signs_in: impl AsyncFn() -> String) {
    let (http, token) = (unpooled(), signs_in().await);
    place.kubectl().patch(TENANT, "", &json!({ "spec": { "suspend": true } })).await;
    wait_for("its users are told", LONG, async || {
        let answer = http.get(url).bearer_auth(&token).send().await.expect("the gateway answers");
        let status = answer.status();
        let told: Value = answer.json().await.expect("JSON");
        (status == StatusCode::FORBIDDEN && told["error"]["code"] == "TENANT_SUSPENDED").then_some(())
    })
    .await;
    wait_for("no pod is left", LONG, async || place.running(NAMESPACE, "crm").await.is_empty().then_some(())).await;
    place.kubectl().patch(TENANT, "", &json!({ "spec": { "suspend": false } })).await;
    let token = signs_in().await;
    let found = wait_for("it is served again", LONG, async || {
        let answer = http.get(url).bearer_auth(&token).send().await.expect("the gateway answers");
        if answer.status().is_success() { answer.json::<Value>().await.ok() } else { None }
    })
    .await;
    assert_eq!(found["name"], "Grace Hopper");
}

/// A tenant that is deleted keeps its data, and has it again when it is applied anew.
pub async fn leaves_and_comes_back(place: &impl Place, url: &str, signs_in: impl AsyncFn() -> String) {
    // Its install goes with it.
    place.kubectl().delete(TENANT, "").await;
    wait_for("no pod is left", LONG, async || place.running(NAMESPACE, "crm").await.is_empty().then_some(())).await;
    place.kubectl().apply_file("examples/tenant.yaml").await;
    place.kubectl().wait(TENANT, "").await;
    place.kubectl().apply_file("examples/install.yaml").await;
    place.kubectl().wait(INSTALL, NAMESPACE).await;
    let (http, token) = (unpooled(), signs_in().await);
    assert_eq!(served(|| http.get(url).bearer_auth(&token)).await["name"], "Grace Hopper");
}

/// The version before goes on, and what was wrong is said.
pub async fn outlives_a_version_that_does_not_come_up(place: &impl Place, url: &str, token: &str) {
    let pods = place.running(NAMESPACE, "crm").await;
    let mut entry = place.kubectl().get("plugin/crm-0.1.0", "").await;
    // Its image is that of the version before, which refuses to run as another.
    entry["metadata"] = json!({ "name": "crm-0.2.0" });
    entry["spec"]["version"] = json!("0.2.0");
    entry["spec"]["rollout"] = json!({ "progressDeadlineSeconds": 20 });
    entry.as_object_mut().expect("an object").remove("status");
    place.kubectl().apply(&entry).await;
    let message = wait_for("it is given up", LONG, async || {
        let install = place.kubectl().get(INSTALL, NAMESPACE).await;
        let conditions = install["status"]["conditions"].as_array().cloned().unwrap_or_default();
        let failed = conditions.into_iter().find(|one| one["type"] == "Ready" && one["reason"] == "UpgradeFailed")?;
        Some(failed["message"].to_string())
    })
    .await;
    assert!(message.contains("did not come up in time"), "{message}");
    let http = unpooled();
    assert_eq!(served(|| http.get(url).bearer_auth(token)).await["name"], "Grace Hopper");
    wait_for("nothing is left of it", LONG, async || (place.running(NAMESPACE, "crm").await == pods).then_some(()))
        .await;
    place.kubectl().delete("plugin/crm-0.2.0", "").await;
    place.kubectl().wait(INSTALL, NAMESPACE).await;
}
