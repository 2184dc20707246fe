//! `docs/kubernetes.md` as a newcomer follows it: what the page says to type is typed, on a cluster that has nothing yet.

use std::{env, fs, path::Path};

use plexica_e2e::{
    built,
    kubectl::{self, root},
};
use serde_json::json;
use tempfile::TempDir;
use tokio::process::Command;

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
    let page = fs::read_to_string(root().join(PAGE)).unwrap();
    let [images, preflight, trial @ ..] = &blocks(&page)[..] else { panic!("blocks of commands") };
    assert!(images.contains("cargo xtask images") && preflight.contains("plexica preflight"), "{images}{preflight}");
    assert!(trial.len() >= 6, "{trial:?}");
    for block in trial {
        type_in(cluster, block).await;
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

/// What stands between the fences, in order.
fn blocks(page: &str) -> Vec<&str> {
    page.split("```sh\n").skip(1).filter_map(|rest| rest.split_once("```")).map(|(block, _)| block).collect()
}

/// In a shell, in the folder of this repository.
async fn type_in(cluster: &Cluster, block: &str) {
    println!("{block}");
    let plexica = built("plexica");
    let programs = [cluster.program(), cluster.helm_program(), &plexica].map(Path::parent);
    let usual = env::var_os("PATH").unwrap_or_default();
    let path = programs.into_iter().flatten().map(Path::to_path_buf).chain(env::split_paths(&usual));
    let mut shell = Command::new("bash");
    shell.args(["-eu", "-o", "pipefail", "-c", &format!("{AROUND}{block}")]).current_dir(root());
    shell.env("PATH", env::join_paths(path).unwrap()).env("KUBECONFIG", cluster.kubeconfig());
    let said = kubectl::run(&mut shell, "").await.unwrap();
    println!("{said}");
}
