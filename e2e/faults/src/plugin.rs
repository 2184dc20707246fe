//! A plugin for these runs: this very program, started again by the operator.

use plexica_contract::{manifest::MigrationDeclaration, tenancy::environment};
use plexica_sdk::{RunError, prelude::*};
use serde_json::Value;

/// The argument that makes this program the plugin.
pub const ARGUMENT: &str = "plugin";

/// Where it answers with the tenant's configuration.
pub const CONFIGURATION: &str = "/configuration";
/// A field of it that counts as soon as it is told.
pub const WORKERS: &str = "workers";
/// A field of it that counts in processes that start with it, as connections would that are opened once.
pub const POOL: &str = "pool";

/// Serves under whatever id and version the operator says, with one table.
///
/// # Errors
/// When it cannot start.
pub fn run() -> Result<(), RunError> {
    let variable = |name| std::env::var(name).unwrap_or_default();
    plugin(&variable(environment::PLUGIN_ID), &variable(environment::PLUGIN_VERSION)).run()
}

/// The migrations of a version, as its catalogue entry lists them.
pub fn migrations(version: &str) -> Vec<MigrationDeclaration> {
    plugin("faults", version).manifest().unwrap().migrations
}

/// The second version expands the table, and contracts it when the first one is gone.
fn plugin(id: &str, version: &str) -> Plugin {
    let plugin = Plugin::new(Manifest::new(id, version).image("plexica/faults:1"))
        .routes(Routes::new().get(CONFIGURATION, configuration))
        .on_config(configure)
        .migration("0001_note.sql", "CREATE TABLE note (id bigserial PRIMARY KEY, text text NOT NULL)");
    if version.starts_with('1') {
        return plugin;
    }
    plugin
        .migration("0002_author.sql", "ALTER TABLE note ADD COLUMN author text")
        .migration("0003_author.contract.sql", "ALTER TABLE note ADD CHECK (author <> '')")
}

async fn configuration(_: SignedIn, tenant: Tenant) -> Result<Json<Value>> {
    Ok(Json(tenant.config()?))
}

async fn configure(change: ConfigChange) -> Result<Reload> {
    let (before, now): (Value, Value) = (change.previous()?, change.tenant.config()?);
    Ok(if before[POOL] == now[POOL] { Reload::Live } else { Reload::Restart })
}
