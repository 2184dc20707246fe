//! The core API as a program of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    plexica_service::program::main(plexica_core_api::start)
}
