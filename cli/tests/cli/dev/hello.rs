//! The plugin of the README beside `plexica dev`, as the README runs it.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::support::{Dev, plexica, succeed};
use plexica_sdk::Manifest;
use reqwest::{Client, StatusCode};
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The catalogue entry in hello.yaml.
fn entry() -> Value {
    let yaml = std::fs::read_to_string(root().join("sdk/examples/hello.yaml")).unwrap();
    serde_saphyr::from_str(yaml.split("\n---\n").next().unwrap()).unwrap()
}

#[test]
fn the_catalogue_entry_is_what_the_program_says() {
    let (entry, program) = (entry(), std::fs::read_to_string(root().join("sdk/examples/hello.rs")).unwrap());
    let text = |pointer: &str| entry.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{pointer}"));
    let (id, version, image) = (text("/spec/id"), text("/spec/version"), text("/spec/runtime/image"));
    assert!(program.contains(&format!("Manifest::new({id:?}, {version:?}).image({image:?})")), "{entry}");
    let permissions = entry["spec"]["permissions"].as_array().unwrap();
    assert_eq!(permissions.len(), program.matches("permissions!").count(), "{entry}");
    let (key, name) = (text("/spec/permissions/0/key"), text("/spec/permissions/0/name"));
    let roles = &entry["spec"]["permissions"][0]["defaultRoles"];
    assert!(program.contains(&format!("{key:?}, {name:?}, {roles};")), "{entry}");
    // What the program does not say is what the SDK says for it; the command is dev mode's alone.
    let mut spec: plexica_contract::manifest::Manifest = serde_json::from_value(entry["spec"].clone()).unwrap();
    spec.runtime.command.clear();
    spec.permissions.clear();
    assert_eq!(spec, Manifest::new(id, version).image(image).build().unwrap());
}

#[tokio::test]
async fn the_readmes_plugin_greets() {
    plexica_testkit::tls();
    // With the features that the tests were built with: what they need is built already.
    let mut build = Command::new(env!("CARGO"));
    build.current_dir(root()).args(["build", "--quiet", "--workspace", "--example", "hello"]);
    let built = Path::new(env!("CARGO_BIN_EXE_plexica")).parent().unwrap();
    if built.ends_with("release") {
        build.arg("--release");
    }
    succeed(&build.output().unwrap(), &["cargo", "build"]);

    // The folder where `dev` is started: the checkout, in which the target folder has that name.
    let checkout = tempfile::tempdir().unwrap();
    std::fs::create_dir(checkout.path().join("target")).unwrap();
    std::os::unix::fs::symlink(built, checkout.path().join("target/debug")).unwrap();
    let folder = checkout.path().join(".plexica");
    let mut command = plexica();
    command.current_dir(checkout.path()).args(["dev", "--output", "json", "--port", "0"]);
    let dev = Dev::spawn(command, &folder);
    let yaml = root().join("sdk/examples/hello.yaml");
    dev.must(&["apply", "-f", yaml.to_str().unwrap()]);
    dev.must(&["wait", "plugininstall/acme-hello", "--namespace", "plexica-system"]);

    let (client, token) = (Client::new(), dev.token("acme", "grace"));
    let url = format!("{}/api/plugins/hello/greetings", dev.text("gateway"));
    let greeted = plexica_testkit::wait_for("hello's route", std::time::Duration::from_secs(30), async || {
        let answer = client.post(&url).bearer_auth(&token).send().await.unwrap();
        (answer.status() == StatusCode::OK).then_some(answer)
    })
    .await;
    assert_eq!(greeted.text().await.unwrap(), "Hello grace, greeting 1 in acme");
    assert_eq!(dev.sql("SELECT name FROM tenant_acme_plugin_hello.greetings"), "grace");
    assert!(dev.stop().success());
}
