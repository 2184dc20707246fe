//! The programs under measurement, built as this one was.

use std::{
    env,
    path::{Path, PathBuf},
    process::Stdio,
};

use serde_json::Value;
use tokio::process::Command;

use crate::outcome::{Result, failed};

/// What `cargo xtask images` builds together: the same features, so that nothing is built twice.
const PACKAGES: [&str; 5] = ["plexica-operator", "plexica-core-api", "plexica-gateway", "plexica-crm", "plexica"];

/// Builds a program and says where it is.
pub async fn build(name: &str) -> Result<PathBuf> {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    command.current_dir(root).args(["build", "--message-format=json-render-diagnostics", "--bin", name]);
    for package in PACKAGES {
        command.args(["--package", package]);
    }
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    let output = command.stderr(Stdio::inherit()).output().await?;
    if !output.status.success() {
        return failed(format!("{name} could not be built"));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let messages = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let built = messages.filter(|message| message["target"]["name"] == name);
    match built.filter_map(|message| message["executable"].as_str().map(PathBuf::from)).next_back() {
        Some(path) => Ok(path),
        None => failed(format!("cargo did not say where {name} is")),
    }
}
