//! A running `plexica dev`.

use std::{
    fs,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use plexica_contract::tenancy::environment::PLUGIN_ID;
use plexica_e2e::{
    built,
    kubectl::{self, Kubectl},
    scenario::Place,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

/// Generous: a cold machine fetches Postgres first.
const START: Duration = Duration::from_mins(3);
const STOP: Duration = Duration::from_mins(1);
/// Between two looks at it.
const PAUSE: Duration = Duration::from_millis(20);

/// `plexica dev` on a folder of its own.
pub struct Laptop {
    /// The gateway's URL.
    pub gateway: String,
    kubectl: Kubectl,
    child: Child,
    folder: TempDir,
}

impl Laptop {
    /// Starts it, and waits until it says that it is ready.
    pub async fn start(kubectl: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = plexica();
        command.args(["dev", "--output", "json", "--port", "0", "--data-dir"]).arg(folder.path());
        let mut child =
            command.stdout(Stdio::piped()).kill_on_drop(true).spawn().expect("`cargo xtask test` builds it");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = timeout(START, lines.next_line()).await.expect("it is ready in time").unwrap().unwrap_or_default();
        let summary: Value = serde_json::from_str(&line).expect("what it says, as JSON");
        let text = |member: &str| summary[member].as_str().expect(member).to_owned();
        let kubectl = Kubectl::new(kubectl, text("kubeconfig"));
        Self { gateway: text("gateway"), kubectl, child, folder }
    }

    /// An access token of the tenant's first user.
    pub async fn token(&self) -> String {
        let user = ["token", "--tenant", "acme", "--user", "ada@acme.test", "--data-dir"];
        let said = kubectl::run(plexica().args(user).arg(self.folder.path()), "").await;
        said.unwrap().trim().to_owned()
    }

    /// Stops it, as Ctrl-C does, and waits until it has.
    pub async fn stop(mut self) {
        self.interrupt();
        assert!(timeout(STOP, self.child.wait()).await.expect("it stops in time").unwrap().success());
    }

    fn interrupt(&self) {
        if let Some(pid) = self.child.id() {
            kill(Pid::from_raw(i32::try_from(pid).unwrap()), Signal::SIGINT).unwrap();
        }
    }
}

/// After a failure: what it logged, and its Postgres goes with it.
impl Drop for Laptop {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        println!("{}", fs::read_to_string(self.folder.path().join("plexica.log")).unwrap_or_default());
        self.interrupt();
        let deadline = Instant::now() + STOP;
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(PAUSE);
        }
    }
}

impl Place for Laptop {
    fn kubectl(&self) -> &Kubectl {
        &self.kubectl
    }

    /// Their pids, of all namespaces.
    async fn running(&self, _namespace: &str, plugin: &str) -> Vec<String> {
        let is = format!("{PLUGIN_ID}={plugin}");
        let dev = self.child.id().expect("it runs").to_string();
        let mut pids: Vec<String> = fs::read_dir("/proc")
            .unwrap()
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|pid| variables(pid).any(|variable| variable == is) && is_below(pid, &dev) && !is_shell(pid))
            .collect();
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

/// What it was started with; nothing for one that has gone.
fn variables(pid: &str) -> impl Iterator<Item = String> {
    let all = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    let variables: Vec<String> = all.split(|byte| *byte == 0).map(|one| String::from_utf8_lossy(one).into()).collect();
    variables.into_iter()
}

/// The shell that ends a plugin with its operator.
fn is_shell(pid: &str) -> bool {
    fs::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|words| words.starts_with("/bin/sh\0"))
}

fn is_below(pid: &str, ancestor: &str) -> bool {
    pid == ancestor || parent(pid).is_some_and(|parent| is_below(&parent, ancestor))
}

fn parent(pid: &str) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name is in parentheses and may hold anything; the parent is the second field after it.
    let parent = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?;
    (parent != "0").then(|| parent.to_owned())
}

/// The command line, as it is without what this shell is set to.
fn plexica() -> Command {
    let mut command = Command::new(built("plexica"));
    let set = ["DATABASE_URL", "KEYCLOAK_URL", "S3_ENDPOINT", "KUBECONFIG", "PLEXICA_INSTALLATION", "PLEXICA_PASSWORD"];
    for variable in set {
        command.env_remove(variable);
    }
    command
}
