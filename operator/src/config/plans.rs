//! The plans that tenants may have.

use std::path::PathBuf;

use clap::Args;

/// The plans that tenants may have.
#[derive(Args, Clone, Debug)]
pub struct Plans {
    /// YAML file of plans: `name: {quotas, features, resources, rateLimits}`; read again when it changes.
    /// Without it there is one plan, `standard`, which allows everything.
    #[arg(id = "plans", long = "plans", env = "PLEXICA_PLANS")]
    pub file: Option<PathBuf>,
}
