//! The gateway as a program of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    plexica_service::program::main(plexica_gateway::start)
}
