//! The cluster, by the tools people use: kubectl and Helm.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// The platform's namespace.
pub const NAMESPACE: &str = "plexica-system";
const RELEASE: &str = "plexica";
const KINDS: [&str; 3] = ["plugininstalls.plexica.io", "plugins.plexica.io", "tenants.plexica.io"];

/// A cluster with a node.
pub struct Cluster {
    kubeconfig: PathBuf,
    kubectl: PathBuf,
    helm: PathBuf,
    address: String,
}

impl Cluster {
    /// What the test kit found.
    pub fn new(found: &plexica_testkit::kubernetes::Cluster) -> Self {
        let variable = |name: &str| found.variable(name).expect("written with the others");
        Self {
            kubeconfig: found.kubeconfig.clone(),
            kubectl: found.kubectl.clone(),
            helm: variable("HELM").into(),
            address: variable("KUBERNETES_T2_ADDRESS"),
        }
    }

    /// The node's address.
    pub fn address(&self) -> String {
        self.address.clone()
    }

    /// How programs reach it.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    async fn kubectl(&self, arguments: &[&str], input: &str) -> Result<String, String> {
        run(Command::new(&self.kubectl).arg("--kubeconfig").arg(&self.kubeconfig).args(arguments), input).await
    }

    async fn helm(&self, arguments: &[&str], input: &str) -> Result<String, String> {
        run(Command::new(&self.helm).arg("--kubeconfig").arg(&self.kubeconfig).args(arguments), input).await
    }

    /// A Secret in the platform's namespace, which is made if it is not there.
    pub async fn secret(&self, name: &str, values: &[(&str, &str)]) {
        let values: serde_json::Map<String, Value> =
            values.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect();
        let namespace = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": NAMESPACE } });
        self.apply(&namespace).await;
        self.apply(&json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": { "name": name, "namespace": NAMESPACE },
            "stringData": values
        }))
        .await;
    }

    /// `kubectl apply` of an object.
    pub async fn apply(&self, object: &Value) {
        self.kubectl(&["apply", "--filename", "-"], &object.to_string()).await.unwrap();
    }

    /// `kubectl apply` of a file of this repository.
    pub async fn apply_file(&self, path: &str) {
        let path = root().join(path);
        self.kubectl(&["apply", "--filename", path.to_str().unwrap()], "").await.unwrap();
    }

    /// `kubectl wait` until it is Ready.
    pub async fn wait(&self, object: &str, namespace: &str) {
        let waited = ["wait", "--for=condition=Ready", "--timeout=120s", object];
        self.kubectl(&[&waited[..], &within(namespace)[..]].concat(), "").await.unwrap();
    }

    /// `helm install` of the chart in this repository.
    pub async fn install(&self, values: &Value) {
        let chart = root().join("charts/plexica");
        let arguments = ["install", RELEASE, chart.to_str().unwrap(), "--namespace", NAMESPACE];
        let waiting = ["--values", "-", "--wait", "--timeout", "180s"];
        self.helm(&[&arguments[..], &waiting[..]].concat(), &values.to_string()).await.unwrap();
    }

    /// `helm uninstall`; fine if there is nothing.
    pub async fn uninstall(&self) {
        let arguments = ["uninstall", RELEASE, "--namespace", NAMESPACE, "--ignore-not-found", "--wait"];
        self.helm(&arguments, "").await.unwrap();
    }

    /// The names of all tenants.
    pub async fn tenants(&self) -> String {
        self.kubectl(&["get", "tenants", "--output", "jsonpath={.items[*].metadata.name}"], "").await.unwrap()
    }

    /// Removes everything, also what an earlier run left that was killed.
    pub async fn clear(&self) {
        self.uninstall().await;
        for kind in KINDS {
            let columns = "--output=jsonpath={range .items[*]}{.metadata.namespace} {.metadata.name}{\"\\n\"}{end}";
            // An error means that the kind is not there, so that nothing of it is.
            let listed = self.kubectl(&["get", kind, "--all-namespaces", columns], "").await.unwrap_or_default();
            for (namespace, name) in listed.lines().filter_map(|line| line.split_once(' ')) {
                let no_finalizers = r#"{"metadata":{"finalizers":null}}"#;
                let patch = ["patch", kind, name, "--namespace", namespace, "--type=merge", "--patch", no_finalizers];
                self.kubectl(&patch, "").await.unwrap();
            }
        }
        let gone = ["delete", "--ignore-not-found", "--timeout=180s"];
        self.kubectl(&[&gone[..], &["crd"], &KINDS[..]].concat(), "").await.unwrap();
        self.kubectl(&[&gone[..], &["namespace", NAMESPACE, "tenant-acme", "tenant-beta"]].concat(), "").await.unwrap();
    }

    /// The base URL of a Service, which the node reaches like any pod.
    pub async fn service(&self, name: &str) -> String {
        let path = "jsonpath={.spec.clusterIP}:{.spec.ports[0].port}";
        let address = self.kubectl(&["get", "service", name, "--namespace", NAMESPACE, "--output", path], "").await;
        format!("http://{}", address.unwrap())
    }

    /// An object, as it is.
    pub async fn get(&self, object: &str, namespace: &str) -> Value {
        let text =
            self.kubectl(&[&["get", object, "--output=json"][..], &within(namespace)[..]].concat(), "").await.unwrap();
        serde_json::from_str(&text).expect("JSON")
    }

    /// Changes what the patch names.
    pub async fn patch(&self, object: &str, namespace: &str, patch: &Value) {
        let patch = ["patch", object, "--type=merge", "--patch", &patch.to_string()];
        self.kubectl(&[&patch[..], &within(namespace)[..]].concat(), "").await.unwrap();
    }

    /// `kubectl delete`, which waits until it is gone.
    pub async fn delete(&self, object: &str, namespace: &str) {
        self.kubectl(&[&["delete", "--timeout=120s", object][..], &within(namespace)[..]].concat(), "").await.unwrap();
    }

    /// Sets an annotation.
    pub async fn annotate(&self, object: &str, annotation: &str) {
        self.kubectl(&["annotate", "--overwrite", object, annotation], "").await.unwrap();
    }

    /// The names of a plugin's pods that run for all tenants, those on their way out among them.
    pub async fn pods(&self, plugin: &str) -> Vec<String> {
        self.pods_in(NAMESPACE, plugin).await
    }

    /// The names of a plugin's pods there, those on their way out among them.
    pub async fn pods_in(&self, namespace: &str, plugin: &str) -> Vec<String> {
        let selector = format!("--selector=plexica.io/plugin={plugin}");
        let path = "--output=jsonpath={.items[*].metadata.name}";
        let names = self.kubectl(&["get", "pods", "--namespace", namespace, &selector, path], "").await.unwrap();
        names.split_whitespace().map(str::to_owned).collect()
    }

    /// Deletes a tenant with its data, of which a backup is made before; its install goes with it.
    pub async fn delete_tenant(&self, tenant: &str) {
        let patch = |spec| ["patch", "--type=merge", "--patch", spec];
        let of_install = patch(r#"{"spec":{"deletionPolicy":"Delete"}}"#);
        let install = ["plugininstall/acme-crm", "--namespace", NAMESPACE];
        self.kubectl(&[&of_install[..], &install].concat(), "").await.unwrap();
        let of_tenant = patch(r#"{"spec":{"deletionPolicy":"Delete"}}"#);
        self.kubectl(&[&of_tenant[..], &[&format!("tenant/{tenant}")]].concat(), "").await.unwrap();
        self.annotate(&format!("tenant/{tenant}"), &format!("plexica.io/confirm-deletion={tenant}")).await;
        self.kubectl(&["delete", "--timeout=180s", &format!("tenant/{tenant}")], "").await.unwrap();
    }

    /// `kubectl delete` that does not wait.
    pub async fn ask_to_delete(&self, tenant: &str) {
        self.kubectl(&["delete", "--wait=false", &format!("tenant/{tenant}")], "").await.unwrap();
    }

    /// `kubectl wait` until it is gone.
    pub async fn wait_gone(&self, tenant: &str) {
        let waited = ["wait", "--for=delete", "--timeout=180s", &format!("tenant/{tenant}")];
        self.kubectl(&waited, "").await.unwrap();
    }

    /// Everything a component has logged since its pod runs.
    pub async fn log(&self, component: &str) -> String {
        let deployment = format!("deployment/{component}");
        self.kubectl(&["logs", "--namespace", NAMESPACE, &deployment, "--tail=-1"], "").await.unwrap()
    }

    /// How everything of the platform is, and what its pods said last, for a failure.
    pub async fn report(&self) -> String {
        let selector = "--selector=app.kubernetes.io/part-of=plexica";
        let kinds = KINDS.join(",");
        let looks: [&[&str]; 5] = [
            &["get", &kinds, "--all-namespaces", "--output=yaml"],
            &["get", "nodes,pods,deployments,services", "--all-namespaces", "--output=wide"],
            &["describe", "pods", "--all-namespaces"],
            &["get", "events", "--all-namespaces", "--sort-by=.lastTimestamp"],
            &["logs", "--namespace", NAMESPACE, selector, "--prefix", "--tail=400"],
        ];
        let mut report = Vec::new();
        for look in looks {
            let found = self.kubectl(look, "").await.unwrap_or_else(|error| error);
            report.push(format!("--- kubectl {}\n{found}\n", look.join(" ")));
        }
        report.concat()
    }
}

/// The arguments for a namespace; none for what is in none.
fn within(namespace: &str) -> Vec<&str> {
    if namespace.is_empty() { Vec::new() } else { vec!["--namespace", namespace] }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace").to_path_buf()
}

async fn run(command: &mut Command, input: &str) -> Result<String, String> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("it is installed");
    let mut stdin = child.stdin.take().expect("it is piped");
    // A command that does not read its input may be gone already.
    let _written = stdin.write_all(input.as_bytes()).await;
    drop(stdin);
    let output = child.wait_with_output().await.expect("it ends");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(text);
    }
    Err(format!("{:?}: {text}{}", command.as_std(), String::from_utf8_lossy(&output.stderr)))
}
