//! The resources, by the tool that people use.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// The platform's namespace.
pub const NAMESPACE: &str = "plexica-system";

/// kubectl, with a kubeconfig.
#[derive(Debug)]
pub struct Kubectl {
    program: PathBuf,
    kubeconfig: PathBuf,
}

impl Kubectl {
    /// The program, and the file that says where the API is.
    pub fn new(program: impl Into<PathBuf>, kubeconfig: impl Into<PathBuf>) -> Self {
        Self { program: program.into(), kubeconfig: kubeconfig.into() }
    }

    /// The program.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// How programs reach the API.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// What it prints.
    ///
    /// # Errors
    /// What it says when it fails.
    pub async fn run(&self, arguments: &[&str], input: &str) -> Result<String, String> {
        let mut command = Command::new(&self.program);
        // A cache beside it: another server on the same port had other kinds.
        command
            .arg("--kubeconfig")
            .arg(&self.kubeconfig)
            .arg("--cache-dir")
            .arg(self.kubeconfig.with_extension("cache"));
        run(command.args(arguments), input).await
    }

    /// `kubectl apply` of an object.
    pub async fn apply(&self, object: &Value) {
        self.run(&["apply", "--filename", "-"], &object.to_string()).await.unwrap();
    }

    /// `kubectl apply` of a file of this repository.
    pub async fn apply_file(&self, path: &str) {
        let path = root().join(path);
        self.run(&["apply", "--filename", path.to_str().unwrap()], "").await.unwrap();
    }

    /// `kubectl wait` until it is Ready.
    pub async fn wait(&self, object: &str, namespace: &str) {
        let waited = ["wait", "--for=condition=Ready", "--timeout=120s", object];
        self.run(&[&waited[..], &within(namespace)[..]].concat(), "").await.unwrap();
    }

    /// An object, as it is.
    pub async fn get(&self, object: &str, namespace: &str) -> Value {
        let text =
            self.run(&[&["get", object, "--output=json"][..], &within(namespace)[..]].concat(), "").await.unwrap();
        serde_json::from_str(&text).expect("JSON")
    }

    /// Changes what the patch names.
    pub async fn patch(&self, object: &str, namespace: &str, patch: &Value) {
        let patch = ["patch", object, "--type=merge", "--patch", &patch.to_string()];
        self.run(&[&patch[..], &within(namespace)[..]].concat(), "").await.unwrap();
    }

    /// `kubectl delete`, which waits until it is gone.
    pub async fn delete(&self, object: &str, namespace: &str) {
        self.run(&[&["delete", "--timeout=120s", object][..], &within(namespace)[..]].concat(), "").await.unwrap();
    }

    /// Sets an annotation; one that ends with a dash goes.
    pub async fn annotate(&self, object: &str, namespace: &str, annotation: &str) {
        let arguments = ["annotate", "--overwrite", object, annotation];
        self.run(&[&arguments[..], &within(namespace)[..]].concat(), "").await.unwrap();
    }
}

/// The arguments for a namespace; none for what is in none.
fn within(namespace: &str) -> Vec<&str> {
    if namespace.is_empty() { Vec::new() } else { vec!["--namespace", namespace] }
}

/// The folder of this repository.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace").to_path_buf()
}

/// What a command prints.
///
/// # Errors
/// What it says when it fails.
pub async fn run(command: &mut Command, input: &str) -> Result<String, String> {
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
