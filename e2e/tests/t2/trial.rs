//! `docs/kubernetes.md` as a newcomer follows it: what the page says to type is typed, on a cluster that has nothing yet.

use std::fs;

use plexica_e2e::{
    built,
    kubectl::{self, root},
    page::{Shell, blocks},
};
use serde_json::json;
use tempfile::TempDir;

use crate::cluster::Cluster;

const PAGE: &str = "docs/kubernetes.md";
/// What the first block leaves in a shell, and what ends with it.
const AROUND: &str = "registry=\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n";
/// What `examples/trial` claims.
const VOLUMES: [&str; 2] = ["postgres", "s3"];

/// Goes through the page. Two blocks are not typed: the images are here already, and systems of one's own are not.
pub async fn follows_the_page(cluster: &Cluster) {
    let data = tempfile::tempdir().unwrap();
    volumes(cluster, &data).await;
    let [images, preflight, trial @ ..] = &blocks(PAGE)[..] else { panic!("blocks of commands") };
    assert!(images.contains("cargo xtask images") && preflight.contains("plexica preflight"), "{images}{preflight}");
    assert!(trial.len() >= 6, "{trial:?}");
    let plexica = built("plexica");
    let shell = Shell::new(root(), [cluster.program(), cluster.helm_program(), &plexica]);
    let shell = shell.with("KUBECONFIG", cluster.kubeconfig());
    for block in trial {
        shell.type_in(&format!("{AROUND}{block}")).await;
    }
    assert_eq!(cluster.tenants().await, "acme", "all resources stay");
}

/// Removes what the cluster's administrator gave.
pub async fn clear(cluster: &Cluster) {
    let delete = ["delete", "persistentvolume", "--ignore-not-found", "--wait=false"];
    cluster.run(&[&delete[..], &VOLUMES].concat(), "").await.unwrap();
}

/// A cluster for trying things out has a provisioner of volumes. This one has an administrator who makes them.
async fn volumes(cluster: &Cluster, data: &TempDir) {
    for name in VOLUMES {
        let folder = data.path().join(name);
        fs::create_dir(&folder).unwrap();
        let volume = json!({
            "apiVersion": "v1", "kind": "PersistentVolume", "metadata": { "name": name },
            "spec": {
                "capacity": { "storage": "5Gi" }, "accessModes": ["ReadWriteOnce"], "hostPath": { "path": folder },
                "claimRef": { "name": name, "namespace": kubectl::NAMESPACE }
            }
        });
        cluster.apply(&volume).await;
    }
}
