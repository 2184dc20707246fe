//! A later start of `plexica dev` with a sample that is broken: it comes up and says why, so that what
//! is broken can be repaired.

use std::path::Path;

use crate::support::{Dev, start_dev};
use serde_json::Value;

const INSTALL: &str = "
apiVersion: plexica.io/v1alpha1
kind: PluginInstall
metadata: {name: acme-crm, namespace: plexica-system}
spec: {tenantRef: {name: acme}, plugin: {id: crm, version: \"*\"}, config: CONFIG}
";

fn apply(home: &Path, dev: &Dev, config: &str) {
    let file = home.join("install.yaml");
    std::fs::write(&file, INSTALL.replace("CONFIG", config)).unwrap();
    dev.must(&["apply", "-f", file.to_str().unwrap()]);
}

/// What it warns of, one after the other.
fn warnings(dev: &Dev) -> Vec<&str> {
    dev.summary["warnings"].as_array().unwrap().iter().map(|warning| warning.as_str().unwrap()).collect()
}

#[test]
fn a_broken_sample_does_not_keep_dev_from_starting() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("dev");
    let first = start_dev(&folder);
    assert_eq!(warnings(&first), [""; 0]);
    let install = ["wait", "pi/acme-crm", "-n", "plexica-system"];
    apply(home.path(), &first, "{currency: 7}");
    first.must(&[&install[..], &["--for", "condition=Stalled"]].concat());
    assert!(first.stop().success());

    // An install that stalls.
    let second = start_dev(&folder);
    let told = warnings(&second);
    assert_eq!(told.len(), 1, "{told:?}");
    for text in ["acme-crm is stalled (InvalidConfig)", "currency", "plexica explain-condition InvalidConfig"] {
        assert!(told[0].contains(text), "{text} in {told:?}");
    }
    assert_eq!(second.summary["tenants"][0]["slug"], "acme", "its users sign in all the same");
    apply(home.path(), &second, "{currency: EUR}");
    second.must(&install);
    assert!(second.stop().success());

    // A password that is not the folder's any more.
    let secrets = folder.join("secrets.json");
    let mut changed: Value = serde_json::from_str(&std::fs::read_to_string(&secrets).unwrap()).unwrap();
    let original = std::mem::replace(&mut changed["sampleUser"], "another".into());
    std::fs::write(&secrets, changed.to_string()).unwrap();
    let third = start_dev(&folder);
    let told = warnings(&third);
    assert!(told.len() == 1 && told[0].contains("user grace cannot sign in"), "{told:?}");
    assert_eq!(third.summary["tenants"], serde_json::json!([]), "nobody is shown who cannot sign in");
    assert!(third.stop().success());

    changed["sampleUser"] = original;
    std::fs::write(&secrets, changed.to_string()).unwrap();
    let healthy = start_dev(&folder);
    assert_eq!(warnings(&healthy), [""; 0]);
    assert!(healthy.stop().success());
}
