//! The real kubectl against the API of `plexica dev`.

use std::process::{Command, Output};

use crate::support::{start_dev, succeed};
use plexica_testkit::require;

const TENANT: &str = "
apiVersion: plexica.io/v1alpha1
kind: Tenant
metadata: {name: gamma}
spec: {displayName: Gamma, admin: {email: eve@gamma.test}}
";

#[test]
fn kubectl_does_what_people_do() {
    let Some(cluster) = require!(kubernetes) else { return };
    let folder = tempfile::tempdir().unwrap();
    let dev = start_dev(&folder.path().join("dev"));
    let kubectl = |arguments: &[&str]| -> Output {
        Command::new(&cluster.kubectl)
            .arg("--kubeconfig")
            .arg(dev.text("kubeconfig"))
            .args(arguments)
            // A cache of its own: another server on the same port had other kinds.
            .args(["--cache-dir", folder.path().join("cache").to_str().unwrap()])
            .env("KUBE_EDITOR", "sed -i s/Gamma/Delta/")
            .output()
            .unwrap()
    };
    let must = |arguments: &[&str]| succeed(&kubectl(arguments), arguments);

    assert!(must(&["get", "tn"]).contains("acme"));
    let file = folder.path().join("gamma.yaml");
    std::fs::write(&file, TENANT).unwrap();
    let file = file.to_str().unwrap();
    assert!(must(&["apply", "-f", file]).contains("created"));
    assert!(must(&["apply", "-f", file]).contains("unchanged"));
    must(&["wait", "--for=condition=Ready", "tenant/gamma", "--timeout=60s"]);
    let table = must(&["get", "tn", "-o", "wide"]);
    for text in ["NAME", "READY", "PHASE", "PLAN", "AGE", "MESSAGE", "gamma", "True", "standard"] {
        assert!(table.contains(text), "{text} in {table}");
    }
    let described = must(&["describe", "tenant", "gamma"]);
    for text in ["Display Name:", "Conditions:", "DatabaseReady", "Events:"] {
        assert!(described.contains(text), "{text} in {described}");
    }
    assert!(must(&["explain", "tenant.spec.deletionPolicy"]).contains("Retain"));
    assert!(must(&["edit", "tenant", "gamma"]).contains("edited"));
    assert_eq!(must(&["get", "tn", "gamma", "-o", "jsonpath={.spec.displayName}"]), "Delta");
    assert!(must(&["get", "ns"]).contains("tenant-gamma"));
    assert!(must(&["get", "secrets", "-n", "tenant-gamma"]).contains("plexica-storage"));

    let refused = kubectl(&["create", "-f", "-"]);
    assert!(!refused.status.success());
    must(&["delete", "tenant", "gamma", "--timeout=60s"]);
    assert_eq!(
        dev.sql("SELECT count(*) FROM pg_namespace WHERE nspname = 'tenant_gamma'"),
        "1",
        "Retain keeps the data"
    );
}
