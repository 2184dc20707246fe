//! `plexica dev --watch`: an author saves a file, and what was built from it takes the place of what ran.

use std::{fs, path::Path, time::Duration};

use crate::support::{Dev, plexica};
use plexica_contract::tenancy::environment;
use plexica_sdk::{Manifest, Plugin, Result, Routes, SignedIn};
use plexica_testkit::wait_until;
use reqwest::Client;
use serde_json::json;

const SOON: Duration = Duration::from_mins(1);
/// What is built says this.
const SAYS: &str = "PLEXICA_TEST_SAYS";

async fn says(_: SignedIn) -> Result<String> {
    Ok(std::env::var(SAYS).unwrap_or_default())
}

fn plugin() -> Plugin {
    Plugin::new(Manifest::new("probe", "0.1.0")).routes(Routes::new().get("/says", says))
}

/// Not a test when the operator starts it.
#[test]
fn serve() {
    if std::env::var_os(environment::LISTEN).is_some() {
        plugin().run().unwrap();
    }
}

/// The author's folder: a source, which is a script, and the plugin's file.
fn write(folder: &Path, word: &str) {
    let program = std::env::current_exe().unwrap();
    let script =
        format!("#!/bin/sh\n{SAYS}='{word}' exec '{}' --exact dev::watch::serve --nocapture\n", program.display());
    fs::write(folder.join("src/main.sh"), script).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_saved_is_served_and_no_request_fails() {
    plexica_testkit::tls();
    let place = tempfile::tempdir().unwrap();
    let author = place.path().join("probe");
    fs::create_dir_all(author.join("src")).unwrap();
    fs::create_dir(author.join("target")).unwrap();
    write(&author, "one");
    let mut spec = serde_json::to_value(plugin().manifest().unwrap()).unwrap();
    spec["runtime"]["command"] = json!([author.join("target/probe")]);
    spec["rollout"] = json!({ "bakeSeconds": 0 });
    let resource = |kind: &str, metadata, spec| {
        json!({ "apiVersion": "plexica.io/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec }).to_string()
    };
    let install = json!({ "tenantRef": { "name": "acme" }, "plugin": { "id": "probe", "version": "*" } });
    let file = author.join("probe.yaml");
    let entry = resource("Plugin", json!({ "name": "probe-0.1.0" }), spec);
    let install = resource("PluginInstall", json!({ "name": "acme-probe", "namespace": "plexica-system" }), install);
    fs::write(&file, format!("{entry}\n---\n{install}\n")).unwrap();

    let folder = place.path().join("data");
    let mut command = plexica();
    command.args(["dev", "--output", "json", "--port", "0", "--data-dir"]).arg(&folder).arg("--watch").arg(&file);
    // A build that fails leaves what runs as it is.
    let (source, built, refused) =
        (author.join("src/main.sh"), author.join("target/probe"), author.join("target/refused"));
    let build = format!(
        "grep -q broken {source} && touch {refused} && exit 1; cp {source} {built}.new && chmod +x {built}.new && mv {built}.new {built}",
        source = source.display(),
        built = built.display(),
        refused = refused.display(),
    );
    let dev = Dev::spawn(
        {
            command.args(["--build", &build]);
            command
        },
        &folder,
    );
    let url = format!("{}/api/plugins/probe/says", dev.text("gateway"));
    let (client, token) = (Client::new(), dev.token("acme", "grace"));
    let read = async || {
        let answer = client.get(&url).bearer_auth(&token).send().await.unwrap();
        (answer.status().is_success(), answer.text().await.unwrap())
    };
    wait_until("the first build is served", SOON, async || read().await == (true, "one".into())).await;
    for (saved, served) in [("two", "two"), ("broken", "two"), ("three", "three")] {
        write(&author, saved);
        wait_until("what was saved is served", SOON, async || {
            let (is_served, says) = read().await;
            assert!(is_served, "{says}");
            says == served && (saved != "broken" || refused.exists())
        })
        .await;
    }
    assert!(dev.stop().success());
}
