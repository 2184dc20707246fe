//! `plexica plugin`: for who writes one.

mod validate;

use crate::error::Error;

/// What to do with it.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Say what would be refused of a plugin: its migrations, by whether the version before can go on meanwhile.
    Validate(validate::Options),
}

/// Does it.
pub fn run(command: &Command) -> Result<(), Error> {
    match command {
        Command::Validate(options) => validate::run(options),
    }
}
