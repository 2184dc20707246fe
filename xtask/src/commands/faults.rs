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
    let is_sample = arguments.iter().any(|argument| argument == "--quick");
    let command = if is_sample { sample(workspace, arguments) } else { everything(workspace, arguments) };
    let tried = command.and_then(|mut command| process::run_aloud(&mut command));
    drop(held);
    for part in PARTS.into_iter().rev() {
        parts::release(part, cache)?;
    }
    tried
}

/// Everything, by the program and the operator that it starts, both optimized.
fn everything(workspace: &Workspace, arguments: &[String]) -> Result<Command> {
    let programs = ["--package=plexica-faults", "--package=plexica-operator", "--bins"];
    process::run_aloud(workspace.cargo(&["build", "--profile=sweep"]).args(programs))?;
    let mut command = Command::new(workspace.target().join("sweep").join(PROGRAM));
    command.args(arguments);
    Ok(command)
}

/// A sample. It is over before its programs would be optimized, so that they are those that were built with the tests.
///
/// # Errors
/// What does not build.
pub fn sample(workspace: &Workspace, arguments: &[String]) -> Result<Command> {
    workspace.build_with_tests()?;
    let mut command = Command::new(workspace.programs_of_tests().join(PROGRAM));
    command.args(arguments);
    Ok(command)
}
