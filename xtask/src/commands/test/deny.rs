//! `cargo deny`: licences, sources, duplicate and vulnerable dependencies.

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
    let mut command = Command::new(workspace.tool(cache, "cargo-deny", VERSION)?);
    command.current_dir(workspace.root()).args(["--all-features", "check", "--hide-inclusion-graph"]);
    command.args(["bans", "licenses", "sources"]);
    let reachable = advisories_reachable();
    if reachable {
        command.arg("advisories");
    }
    process::run_aloud(&mut command).map(|()| reachable)
}

fn advisories_reachable() -> bool {
    let mut command = Command::new("git");
    command.args(["ls-remote", "--exit-code", ADVISORIES, "HEAD"]).env("GIT_TERMINAL_PROMPT", "0");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
