//! The program that is tested, and a running `plexica dev` of it.

use std::{path::Path, process::Command};

pub use plexica_testkit::{
    dev::Dev,
    process::{PAUSE, alive, descendants, ended, succeed},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_plexica");

pub fn plexica() -> Command {
    plexica_testkit::dev::plexica(Path::new(PROGRAM))
}

/// Starts on this folder and waits until it says that it is ready.
pub fn start_dev(folder: &Path) -> Dev {
    Dev::start(Path::new(PROGRAM), folder)
}
