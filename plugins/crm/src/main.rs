//! The plugin as a program of its own, for its container image.

use plexica_sdk::RunError;

fn main() -> Result<(), RunError> {
    plexica_crm::run()
}
