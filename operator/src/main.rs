//! The operator as a program.

use std::process::ExitCode;

fn main() -> ExitCode {
    plexica_service::program::main(plexica_operator::start)
}
