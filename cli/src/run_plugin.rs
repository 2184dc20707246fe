//! `plexica run-plugin ID`: the first-party plugins are linked in, so that one binary is a whole
//! platform.

use crate::error::Error;

/// Which plugin.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Id of a first-party plugin: crm.
    id: String,
}

/// Runs it until it is told to stop; its configuration is its environment.
pub fn run(options: &Options) -> Result<(), Error> {
    match options.id.as_str() {
        "crm" => plexica_crm::run().map_err(|error| Error::Plugin(error.to_string())),
        other => Err(Error::UnknownPlugin(other.to_owned())),
    }
}
