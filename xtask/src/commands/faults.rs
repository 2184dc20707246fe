//! Tries to break the operator, on the real parts.

use std::process::Command;

use crate::cache::Cache;
use crate::cargo::Workspace;
use crate::error::Result;
use crate::parts::{self, Part, Tier};
use crate::process;
use crate::state::Owner;

const PROGRAM: &str = "plexica-faults";
/// The parts it takes.
const PARTS: [Part; 4] = [Part::Postgres(parts::Server::V17), Part::Keycloak, Part::Minio, Part::Kubernetes(Tier::T0)];

/// Runs `e2e/faults` with these arguments.
pub fn run(cache: &Cache, workspace: &Workspace, arguments: &[String]) -> Result<()> {
    let held = PARTS.map(|part| parts::hold(part, cache));
    for part in PARTS {
        parts::up(part, cache, Owner::Test)?;
    }
    // A sample is over before its programs would be optimized.
    let is_sample = arguments.iter().any(|argument| argument == "--quick");
    let (profile, folder) = if is_sample { ("dev", "debug") } else { ("sweep", "sweep") };
    let program = workspace.target().join(folder).join(PROGRAM);
    let tried = build(workspace, profile).and_then(|()| process::run_aloud(Command::new(program).args(arguments)));
    drop(held);
    for part in PARTS.into_iter().rev() {
        parts::release(part, cache)?;
    }
    tried
}

/// Builds the program, and beside it the operator that it starts.
fn build(workspace: &Workspace, profile: &str) -> Result<()> {
    let mut cargo = workspace.cargo(&["build", "--package=plexica-faults", "--package=plexica-operator", "--bins"]);
    process::run_aloud(cargo.args(["--profile", profile]))
}

/// The same where the tests were built before: with them, for the same features of libraries, so that
/// nothing is built again.
pub fn build_beside_tests(workspace: &Workspace) -> Result<()> {
    let tests = ["build", "--workspace", "--exclude=plexica-e2e", "--bins", "--test=*"];
    process::run_aloud(&mut workspace.cargo_for_tests(&tests))
}

/// The program, built before beside the tests.
pub fn command_beside_tests(workspace: &Workspace, arguments: &[String]) -> Command {
    let mut command = Command::new(workspace.programs_of_tests().join(PROGRAM));
    command.args(arguments);
    command
}
