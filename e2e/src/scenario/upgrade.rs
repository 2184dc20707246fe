//! A plugin's versions beside each other, while its tenant works with it.

use std::{cell::RefCell, time::Duration};

use plexica_testkit::wait_for;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use super::Place;
use crate::{
    kubectl::NAMESPACE,
    request::{serves_throughout, unpooled},
};

/// The install that is upgraded.
pub const INSTALL: &str = "plugininstall/acme-notes";
/// The version that is there at first.
pub const FIRST: &str = "0.1.0";
const SECOND: &str = "0.2.0";
/// What the tenant changes its configuration to.
const HEADING: &str = "Things to remember";
/// Longer than the test.
const FOR_LONG: u32 = 3600;
/// There are two cores for everything.
const LONG: Duration = Duration::from_mins(2);

/// A configuration comes with another pod. Then the new version bakes beside the old, which serves again when it is
/// asked to, and comes for good. No request fails.
pub async fn there_and_back_and_for_good(place: &impl Place, gateway: &str, signs_in: impl AsyncFn() -> String) {
    place.kubectl().apply(&entry(place, FIRST, FOR_LONG)).await;
    place.kubectl().apply(&install(FIRST, "Notes")).await;
    place.kubectl().wait(INSTALL, NAMESPACE).await;
    let http = unpooled();
    let url = format!("{gateway}/api/plugins/notes/notes");
    // A token is good for five minutes.
    let token = RefCell::new(signs_in().await);
    let says = async || {
        let token = token.borrow().clone();
        ask(&http, &url, &token).await
    };
    wait_for("it is served", LONG, async || (says().await == Ok(format!("{FIRST} 0"))).then_some(())).await;
    let bearer = token.borrow().clone();
    let written = http.post(&url).bearer_auth(bearer).send().await.expect("the gateway answers");
    assert!(written.status().is_success(), "{written:?}");
    let before = place.running(NAMESPACE, "notes").await;
    assert_eq!(before.len(), 1, "{before:?}");

    let request = async || match says().await {
        Ok(said) if said.ends_with(" 1") => Ok(()),
        other => Err(format!("{other:?}")),
    };
    let configured = async {
        place.kubectl().apply(&install(FIRST, HEADING)).await;
        wait_for("another pod has the configuration", LONG, async || {
            let configuration = place.kubectl().get(INSTALL, NAMESPACE).await["status"]["configuration"].clone();
            let now = place.running(NAMESPACE, "notes").await;
            let is = configuration["value"]["heading"] == HEADING && configuration["restart"].is_null();
            (is && now.len() == 1 && now != before).then_some(())
        })
        .await;
    };
    let served = serves_throughout(&request, configured).await;
    println!("{served} requests were served while a configuration came with another pod, and none failed");
    token.replace(signs_in().await);
    let first = place.running(NAMESPACE, "notes").await;
    let answers = async |version: &str| {
        let expected = Ok(format!("{version} 1"));
        wait_for("the version answers", LONG, async || (says().await == expected).then_some(())).await;
    };
    let upgraded = async {
        place.kubectl().apply(&entry(place, SECOND, FOR_LONG)).await;
        place.kubectl().apply(&install(SECOND, HEADING)).await;
        becomes(place, "Baking").await;
        answers(SECOND).await;
        let both = place.running(NAMESPACE, "notes").await;
        assert!(both.len() == 2 && both.contains(&first[0]), "the version before is kept: {both:?}, {first:?}");

        token.replace(signs_in().await);
        place.kubectl().apply(&install(FIRST, HEADING)).await;
        becomes(place, "RolledBack").await;
        answers(FIRST).await;
        wait_for("the other has gone", LONG, async || (place.running(NAMESPACE, "notes").await == first).then_some(()))
            .await;

        token.replace(signs_in().await);
        place.kubectl().apply(&entry(place, SECOND, 0)).await;
        place.kubectl().apply(&install(SECOND, HEADING)).await;
        becomes(place, "Complete").await;
        answers(SECOND).await;
        wait_for("the version before has gone", LONG, async || {
            let now = place.running(NAMESPACE, "notes").await;
            (now.len() == 1 && now != first).then_some(())
        })
        .await;
    };
    let served = serves_throughout(&request, upgraded).await;
    println!("{served} requests were served through an upgrade, a way back and another upgrade, and none failed");
    place.kubectl().delete(INSTALL, NAMESPACE).await;
    for version in [FIRST, SECOND] {
        place.kubectl().delete(&format!("plugin/notes-{version}"), "").await;
    }
}

/// What the plugin says, or how it was refused.
async fn ask(http: &Client, url: &str, token: &str) -> Result<String, String> {
    match http.get(url).bearer_auth(token).send().await {
        Ok(answer) if answer.status() == StatusCode::OK => answer.text().await.map_err(|error| error.to_string()),
        other => Err(format!("{other:?}")),
    }
}

async fn becomes(place: &impl Place, phase: &str) {
    wait_for(&format!("the upgrade is {phase}"), LONG, async || {
        let status = place.kubectl().get(INSTALL, NAMESPACE).await["status"].clone();
        (status["upgrade"]["phase"] == phase && status["phase"] == "Ready").then_some(())
    })
    .await;
}

/// A version in the catalogue, which is baked for so many seconds.
pub fn entry(place: &impl Place, version: &str, bake: u32) -> Value {
    let permissions = ["read", "write"]
        .map(|what| json!({ "key": format!("notes:notes:{what}"), "name": what, "defaultRoles": ["user"] }));
    let mut migrations = vec![json!({ "name": "0001_note.sql", "phase": "Expand" })];
    if version == SECOND {
        migrations.push(json!({ "name": "0002_author.sql", "phase": "Expand" }));
        migrations.push(json!({ "name": "0003_author.contract.sql", "phase": "Contract" }));
    }
    json!({
        "apiVersion": "plexica.io/v1alpha1", "kind": "Plugin", "metadata": { "name": format!("notes-{version}") },
        "spec": {
            "id": "notes", "version": version, "displayName": "Notes", "runtime": place.runtime("notes"),
            "permissions": permissions, "migrations": migrations,
            "configuration": {
                "schema": { "type": "object", "properties": { "heading": { "type": "string" } } },
                "reload": "Restart",
            },
            "rollout": { "bakeSeconds": bake },
        },
    })
}

/// Its install, with that in its configuration.
pub fn install(version: &str, heading: &str) -> Value {
    json!({
        "apiVersion": "plexica.io/v1alpha1", "kind": "PluginInstall",
        "metadata": { "name": "acme-notes", "namespace": NAMESPACE },
        "spec": { "tenantRef": { "name": "acme" }, "plugin": { "id": "notes", "version": version },
            "config": { "heading": heading }, "deletionPolicy": "Delete" },
    })
}
