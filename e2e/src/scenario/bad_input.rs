//! What cannot be: it is refused, or told on the resource, in words that say what to do.

use std::time::Duration;

use plexica_testkit::wait_for;
use serde_json::{Value, json};

use super::{Place, passing_tenant};
use crate::kubectl::NAMESPACE;

/// There are two cores for everything.
const LONG: Duration = Duration::from_mins(3);
/// A program whose id says how it fails, and what is then told of it: by processes, containers and pods.
const FAILURES: [(&str, &[&str]); 5] = [
    ("missing", &["/nowhere/to/be/found, or what it starts, was not found", "cannot be pulled"]),
    ("ends", &["exit status: 3", "ended with exit code 3"]),
    ("sick", &["LISTEN says: HTTP 503", "port 8080 says: HTTP 503", "runs and is not ready"]),
    ("astray", &["LISTEN says: no answer", "port 8080 says: no answer", "runs and is not ready"]),
    (EATS, &["used more memory than its limit of 32Mi"]),
];
const EATS: &str = "eats";

/// Plugins that do not come up, in each way that there is.
pub async fn plugins_that_do_not_come_up(place: &impl Place) {
    let kubectl = place.kubectl();
    let failures = FAILURES.iter().filter(|(manner, _)| place.limits_memory() || *manner != EATS);
    for (manner, _) in failures.clone() {
        kubectl.apply(&entry(place, manner)).await;
        kubectl.apply(&install(manner)).await;
    }
    // Once more when the slowest has been told: by then one would serve that only takes its time.
    for (manner, words) in failures.clone().chain(failures.clone()) {
        let message = why(place, &format!("plugininstall/acme-{manner}"), NAMESPACE, words).await;
        println!("a plugin, {manner}: {message}");
    }
    for (manner, _) in failures {
        kubectl.delete(&format!("plugininstall/acme-{manner}"), NAMESPACE).await;
        kubectl.delete(&format!("plugin/subject-{manner}-0.1.0"), "").await;
        let left = async || place.running(NAMESPACE, &format!("subject-{manner}")).await.is_empty().then_some(());
        wait_for("nothing is left of it", LONG, left).await;
    }
}

/// A version that is in the catalogue already is refused under another name, and a tenant does not take a namespace that
/// somebody else has, which stays as it was.
pub async fn what_others_have(place: &impl Place) {
    let kubectl = place.kubectl();
    let mut again = kubectl.get("plugin/crm-0.1.0", "").await;
    again["metadata"] = json!({ "name": "crm-again" });
    let refused = kubectl.run(&["create", "--filename", "-"], &again.to_string()).await.unwrap_err();
    assert!(refused.contains("metadata.name must be <spec.id>-<spec.version>, such as crm-1.4.0"), "{refused}");

    let namespace = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "tenant-taken" } });
    kubectl.apply(&namespace).await;
    let before = kubectl.get("namespace/tenant-taken", "").await["metadata"].clone();
    kubectl.apply(&passing_tenant("taken")).await;
    let message = why(place, "tenant/taken", "", &["tenant-taken"]).await;
    println!("a namespace that somebody else has: {message}");
    kubectl.delete("tenant/taken", "").await;
    let after = kubectl.get("namespace/tenant-taken", "").await["metadata"].clone();
    assert_eq!([&after["uid"], &after["labels"]], [&before["uid"], &before["labels"]]);
    kubectl.delete("namespace/tenant-taken", "").await;
}

/// What its Ready condition says, once it has one of the words.
async fn why(place: &impl Place, object: &str, namespace: &str, words: &[&str]) -> String {
    wait_for(&format!("{object} says {words:?}"), LONG, async || {
        let status = place.kubectl().get(object, namespace).await["status"].clone();
        let ready = status["conditions"].as_array()?.iter().find(|one| one["type"] == "Ready")?.clone();
        let message = ready["message"].as_str()?;
        assert_ne!(ready["status"], "True", "{object}: {message}");
        words.iter().any(|word| message.contains(word)).then(|| message.to_owned())
    })
    .await
}

fn entry(place: &impl Place, manner: &str) -> Value {
    let id = format!("subject-{manner}");
    let mut runtime = place.runtime("subject");
    runtime["resources"] = json!({ "limits": { "memory": "32Mi" } });
    if manner == "missing" {
        runtime["image"] = json!("registry.invalid/plexica/missing:1.0.0");
        runtime["command"] = json!(["/nowhere/to/be/found"]);
    }
    json!({
        "apiVersion": "plexica.io/v1alpha1", "kind": "Plugin", "metadata": { "name": format!("{id}-0.1.0") },
        "spec": { "id": id, "version": "0.1.0", "displayName": id, "runtime": runtime },
    })
}

fn install(manner: &str) -> Value {
    json!({
        "apiVersion": "plexica.io/v1alpha1", "kind": "PluginInstall",
        "metadata": { "name": format!("acme-{manner}"), "namespace": NAMESPACE },
        "spec": {
            "tenantRef": { "name": "acme" }, "plugin": { "id": format!("subject-{manner}") }, "deletionPolicy": "Delete",
        },
    })
}
