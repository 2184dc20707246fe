//! A running `plexica dev`.

use std::path::Path;

use plexica_contract::tenancy::environment::PLUGIN_ID;
use plexica_e2e::{built, kubectl::Kubectl, scenario::Place};
use plexica_testkit::{
    dev::Dev,
    process::{arguments, descendants, variables},
};
use serde_json::{Value, json};
use tempfile::TempDir;

/// `plexica dev` on a folder of its own.
pub struct Laptop {
    /// The gateway's URL.
    pub gateway: String,
    kubectl: Kubectl,
    dev: Dev,
    _folder: TempDir,
}

impl Laptop {
    /// Starts it, and waits until it says that it is ready.
    pub fn start(kubectl: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let dev = Dev::start(&built("plexica"), folder.path());
        let kubectl = Kubectl::new(kubectl, dev.text("kubeconfig").to_owned());
        Self { gateway: dev.text("gateway").to_owned(), kubectl, dev, _folder: folder }
    }

    /// An access token of the tenant's first user.
    pub fn token(&self) -> String {
        self.dev.token("acme", "ada@acme.test")
    }

    /// Stops it, as Ctrl-C does, and waits until it has.
    pub fn stop(self) {
        assert!(self.dev.stop().success());
    }
}

impl Place for Laptop {
    fn kubectl(&self) -> &Kubectl {
        &self.kubectl
    }

    /// Their pids, of all namespaces.
    async fn running(&self, _namespace: &str, plugin: &str) -> Vec<String> {
        let is = format!("{PLUGIN_ID}={plugin}");
        let runs = |pid: &u32| variables(*pid).contains(&is) && !is_shell(*pid);
        let mut pids: Vec<String> =
            descendants(self.dev.pid()).into_iter().filter(runs).map(|pid| pid.to_string()).collect();
        pids.sort_unstable();
        pids
    }

    fn runtime(&self, plugin: &str) -> Value {
        let program = built(&format!("plexica-{plugin}"));
        json!({ "image": format!("plexica/{plugin}:0.1.0"), "command": [program] })
    }

    /// Nothing limits a process, and this machine is to keep its memory.
    fn limits_memory(&self) -> bool {
        false
    }
}

/// The shell that ends a plugin with its operator.
fn is_shell(pid: u32) -> bool {
    arguments(pid).first().is_some_and(|program| program == "/bin/sh")
}
