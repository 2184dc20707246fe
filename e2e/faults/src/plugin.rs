//! A plugin for these runs: this very program, started again by the operator.

use plexica_contract::tenancy::environment;
use plexica_sdk::{RunError, prelude::*};

/// The argument that makes this program the plugin.
pub const ARGUMENT: &str = "plugin";

/// Serves under whatever id and version the operator says, with one table.
///
/// # Errors
/// When it cannot start.
pub fn run() -> Result<(), RunError> {
    let variable = |name| std::env::var(name).unwrap_or_default();
    let manifest = Manifest::new(variable(environment::PLUGIN_ID), variable(environment::PLUGIN_VERSION));
    let plugin = Plugin::new(manifest.image("plexica/faults:1"))
        .migration("0001_note.sql", "CREATE TABLE note (id bigserial PRIMARY KEY, text text NOT NULL)");
    let plugin = if variable(environment::PLUGIN_VERSION).starts_with('1') {
        plugin
    } else {
        plugin.migration("0002_author.sql", "ALTER TABLE note ADD COLUMN author text")
    };
    plugin.run()
}
