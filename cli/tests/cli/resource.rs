//! `apply`, `get`, `wait`, `delete`, `token` and `explain-condition`, as people without kubectl type them.

use std::{path::Path, process::Command, time::Duration};

use crate::support::{Dev, plexica, start_dev, succeed};
use crate::verbs::{Target, refused};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{
    Api,
    api::{Patch, PatchParams},
    runtime::{conditions::is_crd_established, wait::await_condition},
};
use plexica_testkit::require;

const TENANT: &str = "
apiVersion: plexica.io/v1alpha1
kind: Tenant
metadata: {name: beta}
spec: {displayName: Beta, admin: {email: bob@beta.test}}
";
const INSTALL: &str = "
apiVersion: plexica.io/v1alpha1
kind: PluginInstall
metadata: {name: beta-crm, namespace: plexica-system}
spec: {tenantRef: {name: beta}, plugin: {id: crm}}
";

#[test]
fn what_people_do_without_kubectl() {
    let home = tempfile::tempdir().unwrap();
    let dev = start_dev(&home.path().join("dev"));
    let connection = ["--data-dir", dev.folder.to_str().unwrap()];
    Target { connection, slug: "verbs", make_ready: &|| {} }.verbs(home.path());

    let folder = home.path().join("yaml");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("1-tenant.yaml"), TENANT).unwrap();
    std::fs::write(folder.join("2-install.yml"), INSTALL).unwrap();
    let path = folder.to_str().unwrap();
    let applied = dev.must(&["apply", "-f", path]);
    assert_eq!(applied, "tenant.plexica.io/beta created\nplugininstall.plexica.io/beta-crm created\n");
    dev.must(&["wait", "tenant/beta"]);
    dev.must(&["wait", "pi", "beta-crm", "-n", "plexica-system"]);
    let table = dev.must(&["get", "tn"]);
    let ready = table.lines().map(|line| line.split_whitespace().take(5).collect::<Vec<_>>());
    assert!(ready.clone().any(|words| words == ["acme", "True", "Ready", "Provisioned", "standard"]), "{table}");
    let installs = dev.must(&["get", "pi", "-A"]);
    assert!(installs.starts_with("NAMESPACE") && installs.contains("plexica-system"), "{installs}");

    // Tokens: one line, nothing else; no password for who owns the folder.
    let token = dev.must(&["token", "--tenant", "beta", "--user", "bob@beta.test"]);
    assert_eq!((token.trim().split('.').count(), token.lines().count()), (3, 1));
    let sample = &dev.summary["tenants"][0];
    let password = sample["password"].as_str().unwrap();
    dev.must(&["token", "--tenant", "acme", "--user", "grace", "--password", password]);
    for (arguments, says) in [
        (vec!["token", "--tenant", "acme", "--user", "grace", "--password", "wrong"], "refused"),
        (vec!["token", "--tenant", "acme", "--user", "nobody"], "refused"),
        (vec!["token", "--tenant", "nobody", "--user", "grace"], "no tenant"),
        (vec!["token", "--tenant", "acme", "--user", "grace", "--ca-bundle", "/none.pem"], "/none.pem cannot be read"),
    ] {
        let said = refused(&dev.run(&arguments));
        assert!(said.contains(says), "{arguments:?}: {said}");
    }
    which_cluster(home.path(), &dev);

    // The install goes before its tenant.
    let deleted = dev.must(&["delete", "-f", path]);
    assert_eq!(deleted, "plugininstall.plexica.io/beta-crm deleted\ntenant.plexica.io/beta deleted\n");
}

/// The folder that is named beats KUBECONFIG, that beats the folder that happens to be here; and a
/// folder's secrets go to the issuer of its own cluster alone.
fn which_cluster(home: &Path, dev: &Dev) {
    std::os::unix::fs::symlink(&dev.folder, home.join(".plexica")).unwrap();
    let token = ["token", "--tenant", "acme", "--user", "grace"];
    let run = |kubeconfig: Option<&str>, arguments: &[&str]| {
        let mut command = plexica();
        command.current_dir(home).args(token).args(arguments);
        command.envs(kubeconfig.map(|file| ("KUBECONFIG", file))).output().unwrap()
    };
    let named = ["--data-dir", dev.folder.to_str().unwrap()];
    succeed(&run(Some("/missing.yaml"), &named), &named);
    succeed(&run(None, &[]), &["here"]);
    succeed(&run(Some(""), &[]), &["an empty list is none"]);
    let kubeconfig = dev.text("kubeconfig");
    for output in [run(Some(kubeconfig), &[]), run(None, &["--kubeconfig", kubeconfig])] {
        let said = refused(&output);
        assert!(said.contains("--password") && said.contains("--data-dir"), "{said}");
    }
    let said = refused(&run(None, &["--data-dir", "elsewhere"]));
    assert!(said.contains("elsewhere holds no kubeconfig: start `plexica dev`"), "{said}");
    let both = run(None, &["--data-dir", "x", "--kubeconfig", "y"]);
    assert!(String::from_utf8_lossy(&both.stderr).contains("cannot be used with"), "{both:?}");
}

/// A tenant is ready here when somebody says so: no operator runs.
#[tokio::test]
async fn the_same_on_a_real_cluster() {
    let Some(cluster) = require!(kubernetes) else { return };
    let client = cluster.client().await;
    let crds: Api<CustomResourceDefinition> = Api::all(client.clone());
    for crd in plexica_crds::all() {
        let name = crd.metadata.name.clone().unwrap();
        crds.patch(&name, &PatchParams::apply("cli-tests").force(), &Patch::Apply(&crd)).await.unwrap();
        let established = await_condition(crds.clone(), &name, is_crd_established());
        tokio::time::timeout(Duration::from_secs(30), established).await.unwrap().unwrap();
    }
    let (home, slug) = (tempfile::tempdir().unwrap(), plexica_testkit::unique("verbs"));
    let make_ready = || {
        let condition = serde_json::json!({
            "type": "Ready", "status": "True", "reason": "Provisioned", "message": "by the test",
            "observedGeneration": 1, "lastTransitionTime": "2026-01-01T00:00:00Z",
        });
        let status = serde_json::json!({"status": {"conditions": [condition]}}).to_string();
        let mut kubectl = Command::new(&cluster.kubectl);
        kubectl.arg("--kubeconfig").arg(&cluster.kubeconfig).args(["patch", "tenant", &slug]);
        kubectl.args(["--subresource=status", "--type=merge", "--patch", &status]);
        succeed(&kubectl.output().unwrap(), &["patch"]);
    };
    let connection = ["--kubeconfig", cluster.kubeconfig.to_str().unwrap()];
    Target { connection, slug: &slug, make_ready: &make_ready }.verbs(home.path());
}

#[test]
fn bad_files_are_said_with_their_line() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("bad.yaml");
    std::fs::write(&file, "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: [a\n").unwrap();
    let apply = |path: &str| plexica().current_dir(&home).args(["apply", "-f", path]).output().unwrap();
    let said = refused(&apply(file.to_str().unwrap()));
    assert!(said.contains("bad.yaml") && said.contains("line"), "{said}");
    assert!(refused(&apply("none.yaml")).contains("none.yaml cannot be read"));
    let empty = home.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    assert!(refused(&apply(empty.to_str().unwrap())).contains("no resource"));
}

#[test]
fn a_cluster_that_is_not_there_is_said() {
    let home = tempfile::tempdir().unwrap();
    let get = |variables: &[(&str, &str)], arguments: &[&str]| {
        let mut command = plexica();
        command.current_dir(&home).env("HOME", home.path()).env_remove("KUBERNETES_SERVICE_HOST");
        command.envs(variables.iter().copied()).args(["get", "tn"]).args(arguments).output().unwrap()
    };
    assert!(refused(&get(&[], &[])).contains("no cluster is configured: start one with `plexica dev`"));
    let said = refused(&get(&[], &["--kubeconfig", "missing.yaml"]));
    assert!(said.contains("missing.yaml cannot be used as a kubeconfig"), "{said}");
    let said = refused(&get(&[("KUBECONFIG", "/missing.yaml")], &[]));
    assert!(said.contains("/missing.yaml"), "{said}");
    std::fs::write(
        home.path().join("k"),
        "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: [{name: c, context: {cluster: c, user: u}}]\n\
         clusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}]\nusers: [{name: u, user: {token: t}}]\n",
    )
    .unwrap();
    assert!(refused(&get(&[], &["--kubeconfig", "k"])).contains("does not answer"));
    let said = refused(&get(&[("KUBECONFIG", "k")], &["--context", "other"]));
    assert!(said.contains("other"), "{said}");
}

#[test]
fn every_reason_is_explained() {
    let explain = |arguments: &[&str]| plexica().arg("explain-condition").args(arguments).output().unwrap();
    let all = succeed(&explain(&[]), &["explain-condition"]);
    assert!(all.lines().count() > 5, "{all}");
    for reason in all.lines().filter_map(|line| line.split_whitespace().next()) {
        let text = succeed(&explain(&[reason]), &[reason]);
        assert!(text.contains("Meaning: ") && text.contains("What to do: "), "{text}");
    }
    assert!(refused(&explain(&["Whatever"])).contains("Whatever"));
}
