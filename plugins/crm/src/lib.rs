//! Contacts and deals: the example a plugin author would copy.
//!
//! | file | holds |
//! |---|---|
//! | `permission.rs` | what its routes ask for |
//! | `config.rs` | what a tenant may configure |
//! | `contact/`, `deal/` | a folder per noun, a file per verb |
//! | `page.rs` | pages of a list |
//! | `openapi.rs` | the API's document |
//! | `../migrations/` | its tables |

mod config;
mod contact;
mod deal;
mod openapi;
mod page;
mod permission;

use include_dir::{Dir, include_dir};
use plexica_sdk::{ResourceQuantities, Resources, prelude::*};
use utoipa::OpenApi as _;

static MIGRATIONS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/migrations");

/// The plugin.
pub fn plugin() -> Plugin {
    Plugin::new(manifest())
        .migrations(&MIGRATIONS)
        .routes(Routes::new().nest("/contacts", contact::routes()).nest("/deals", deal::routes()))
        .openapi(&openapi::Document::openapi())
}

/// Runs it until it is told to stop.
///
/// # Errors
/// When it cannot start.
pub fn run() -> Result<(), RunError> {
    plugin().run()
}

fn manifest() -> Manifest {
    let version = env!("CARGO_PKG_VERSION");
    Manifest::new("crm", version)
        .name("Contacts and deals")
        .description("Keeps a tenant's contacts and the deals made with them.")
        .image(format!("plexica/crm:{version}"))
        .command(["plexica", "run-plugin", "crm"])
        .resources(Resources { requests: Some(quantities("10m", "16Mi")), limits: Some(quantities("500m", "64Mi")) })
        .configuration::<config::Config>()
}

fn quantities(cpu: &str, memory: &str) -> ResourceQuantities {
    ResourceQuantities { cpu: Some(cpu.to_owned()), memory: Some(memory.to_owned()) }
}
