//! The cluster, by the tools people use: kubectl and Helm.

use std::net::SocketAddr;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use plexica_e2e::{
    kubectl::{self, Kubectl, NAMESPACE, root},
    scenario::Place,
};
use serde_json::{Value, json};
use tokio::process::Command;

const RELEASE: &str = "plexica";
const CHART: &str = "charts/plexica";
const KINDS: [&str; 3] = ["plugininstalls.plexica.io", "plugins.plexica.io", "tenants.plexica.io"];

/// A cluster with a node.
pub struct Cluster {
    kubectl: Kubectl,
    helm: PathBuf,
    address: String,
    pause: String,
}

impl Deref for Cluster {
    type Target = Kubectl;

    fn deref(&self) -> &Kubectl {
        &self.kubectl
    }
}

impl Cluster {
    /// What the test kit found.
    pub fn new(found: &plexica_testkit::kubernetes::Cluster) -> Self {
        let variable = |name: &str| found.variable(name).expect("written with the others");
        Self {
            kubectl: Kubectl::new(&found.kubectl, &found.kubeconfig),
            helm: variable("HELM").into(),
            address: variable("KUBERNETES_T2_ADDRESS"),
            pause: variable("KUBERNETES_T2_PAUSE"),
        }
    }

    /// The node's address.
    pub fn address(&self) -> String {
        self.address.clone()
    }

    /// An image that does nothing.
    pub fn pause(&self) -> &str {
        &self.pause
    }

    /// Where the API server is for pods, behind its Service.
    pub async fn api_server(&self) -> SocketAddr {
        let path = "--output=jsonpath={.endpoints[0].addresses[0]}:{.ports[0].port}";
        let at = self.run(&["get", "endpointslice/kubernetes", "--namespace", "default", path], "").await.unwrap();
        at.parse().unwrap()
    }

    /// Helm.
    pub fn helm_program(&self) -> &Path {
        &self.helm
    }

    async fn helm(&self, arguments: &[&str], input: &str) -> Result<String, String> {
        kubectl::run(Command::new(&self.helm).arg("--kubeconfig").arg(self.kubeconfig()).args(arguments), input).await
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

    /// `helm install` of the chart in this repository.
    pub async fn install(&self, values: &Value) {
        self.release("install", &root().join(CHART), values).await.unwrap();
    }

    /// `helm install` of the chart as the commit before has it, with the images of this one. Of this one's chart where that
    /// cannot be, as in a clone without history, or where the programs or values need what only this chart has; it is
    /// printed why.
    pub async fn install_before(&self, values: &Value) {
        let folder = tempfile::tempdir().unwrap();
        match self.try_install_before(values, folder.path()).await {
            Ok(()) => println!("the chart of the commit before is installed"),
            Err(why) => {
                println!("the chart of the commit before cannot be installed: {why}");
                self.uninstall().await;
                self.install(values).await;
            }
        }
    }

    async fn try_install_before(&self, values: &Value, folder: &Path) -> Result<(), String> {
        let archive = folder.join("chart.tar");
        let mut before = Command::new("git");
        before.current_dir(root()).args(["archive", "--output"]).arg(&archive).args(["HEAD^", CHART]);
        kubectl::run(&mut before, "").await?;
        let mut unpack = Command::new("tar");
        unpack.current_dir(folder).arg("--extract").arg("--file").arg(&archive);
        kubectl::run(&mut unpack, "").await?;
        self.release("install", &folder.join(CHART), values).await
    }

    /// `helm upgrade` to the chart in this repository.
    pub async fn upgrade(&self, values: &Value) {
        self.release("upgrade", &root().join(CHART), values).await.unwrap();
    }

    async fn release(&self, verb: &str, chart: &Path, values: &Value) -> Result<(), String> {
        let arguments = [verb, RELEASE, chart.to_str().unwrap(), "--namespace", NAMESPACE];
        let waiting = ["--values", "-", "--wait", "--timeout", "180s"];
        self.helm(&[&arguments[..], &waiting[..]].concat(), &values.to_string()).await.map(drop)
    }

    /// `helm test`; what its pod said is in the error of one that fails.
    pub async fn test(&self) {
        self.helm(&["test", RELEASE, "--namespace", NAMESPACE, "--timeout", "300s", "--logs"], "").await.unwrap();
    }

    /// `helm uninstall`; fine if there is nothing.
    pub async fn uninstall(&self) {
        let arguments = ["uninstall", RELEASE, "--namespace", NAMESPACE, "--ignore-not-found", "--wait"];
        self.helm(&arguments, "").await.unwrap();
    }

    /// The names of all tenants.
    pub async fn tenants(&self) -> String {
        self.run(&["get", "tenants", "--output", "jsonpath={.items[*].metadata.name}"], "").await.unwrap()
    }

    /// Removes everything, also what an earlier run left that was killed.
    pub async fn clear(&self) {
        self.uninstall().await;
        for kind in KINDS {
            let columns = "--output=jsonpath={range .items[*]}{.metadata.namespace} {.metadata.name}{\"\\n\"}{end}";
            // An error means that the kind is not there, so that nothing of it is.
            let listed = self.run(&["get", kind, "--all-namespaces", columns], "").await.unwrap_or_default();
            for (namespace, name) in listed.lines().filter_map(|line| line.split_once(' ')) {
                let no_finalizers = r#"{"metadata":{"finalizers":null}}"#;
                let patch = ["patch", kind, name, "--namespace", namespace, "--type=merge", "--patch", no_finalizers];
                self.run(&patch, "").await.unwrap();
            }
        }
        let gone = ["delete", "--ignore-not-found", "--timeout=180s"];
        self.run(&[&gone[..], &["crd"], &KINDS[..]].concat(), "").await.unwrap();
        self.run(&[&gone[..], &["namespace", NAMESPACE, "tenant-acme", "tenant-beta"]].concat(), "").await.unwrap();
    }

    /// The base URL of a Service, which the node reaches like any pod.
    pub async fn service(&self, name: &str) -> String {
        let path = "jsonpath={.spec.clusterIP}:{.spec.ports[0].port}";
        let address = self.run(&["get", "service", name, "--namespace", NAMESPACE, "--output", path], "").await;
        format!("http://{}", address.unwrap())
    }

    /// Deletes a tenant with its data, of which a backup is made before; its install goes with it.
    pub async fn delete_tenant(&self, tenant: &str) {
        let patch = |spec| ["patch", "--type=merge", "--patch", spec];
        let of_install = patch(r#"{"spec":{"deletionPolicy":"Delete"}}"#);
        let install = ["plugininstall/acme-crm", "--namespace", NAMESPACE];
        self.run(&[&of_install[..], &install].concat(), "").await.unwrap();
        let of_tenant = patch(r#"{"spec":{"deletionPolicy":"Delete"}}"#);
        self.run(&[&of_tenant[..], &[&format!("tenant/{tenant}")]].concat(), "").await.unwrap();
        self.annotate(&format!("tenant/{tenant}"), "", &format!("plexica.io/confirm-deletion={tenant}")).await;
        self.run(&["delete", "--timeout=180s", &format!("tenant/{tenant}")], "").await.unwrap();
    }

    /// `kubectl delete` that does not wait.
    pub async fn ask_to_delete(&self, tenant: &str) {
        self.run(&["delete", "--wait=false", &format!("tenant/{tenant}")], "").await.unwrap();
    }

    /// `kubectl wait` until it is gone.
    pub async fn wait_gone(&self, tenant: &str) {
        let waited = ["wait", "--for=delete", "--timeout=180s", &format!("tenant/{tenant}")];
        self.run(&waited, "").await.unwrap();
    }

    /// Everything a component has logged since its pod runs.
    pub async fn log(&self, component: &str) -> String {
        let deployment = format!("deployment/{component}");
        self.run(&["logs", "--namespace", NAMESPACE, &deployment, "--tail=-1"], "").await.unwrap()
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
            let found = self.run(look, "").await.unwrap_or_else(|error| error);
            report.push(format!("--- kubectl {}\n{found}\n", look.join(" ")));
        }
        report.concat()
    }
}

impl Place for Cluster {
    fn kubectl(&self) -> &Kubectl {
        &self.kubectl
    }

    async fn running(&self, namespace: &str, plugin: &str) -> Vec<String> {
        let selector = format!("--selector=plexica.io/plugin={plugin}");
        let path = "--output=jsonpath={.items[*].metadata.name}";
        let names = self.run(&["get", "pods", "--namespace", namespace, &selector, path], "").await.unwrap();
        names.split_whitespace().map(str::to_owned).collect()
    }
}
