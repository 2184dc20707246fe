//! `cargo deny`: licences, sources, duplicate and vulnerable dependencies.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::output::Counts;
use super::report::Outcome;
use crate::cache::Cache;
use crate::cargo::Workspace;
use crate::error::Result;
use crate::process;

const VERSION: &str = "0.20.2";
/// Where the advisories come from.
const ADVISORIES: &str = "https://github.com/RustSec/advisory-db";

/// Checks the dependencies. The advisories are a repository of their own on the internet: where
/// it cannot be reached, that is said, and the rest is still checked.
pub fn run(cache: &Cache, workspace: &Workspace) -> Outcome {
    match check(cache, workspace) {
        Ok(true) => Outcome::Done(Counts::default()),
        Ok(false) => Outcome::DoneBut(format!("the advisories, since {ADVISORIES} cannot be reached from here")),
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

/// Whether the advisories were among what was checked.
fn check(cache: &Cache, workspace: &Workspace) -> Result<bool> {
    let program = install(cache, workspace)?;
    let mut command = Command::new(program);
    command.current_dir(workspace.root()).args(["--all-features", "check", "--hide-inclusion-graph"]);
    command.args(["bans", "licenses", "sources"]);
    let reachable = advisories_reachable();
    if reachable {
        command.arg("advisories");
    }
    process::run_aloud(&mut command).map(|()| reachable)
}

fn install(cache: &Cache, workspace: &Workspace) -> Result<PathBuf> {
    let folder = cache.entry("cargo-deny", VERSION, |folder| {
        // It runs for seconds, and would take minutes to optimize.
        let mut command =
            workspace.cargo(&["install", "--debug", "--quiet", "--locked", "cargo-deny", "--version", VERSION]);
        command.arg("--root").arg(folder).env("CARGO_TARGET_DIR", folder.join("target"));
        command.env("CARGO_PROFILE_DEV_DEBUG", "false").env("CARGO_PROFILE_DEV_STRIP", "symbols");
        process::run(&mut command)?;
        crate::files::remove(&folder.join("target"))
    })?;
    Ok(folder.join("bin/cargo-deny"))
}

fn advisories_reachable() -> bool {
    let mut command = Command::new("git");
    command.args(["ls-remote", "--exit-code", ADVISORIES, "HEAD"]).env("GIT_TERMINAL_PROMPT", "0");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
