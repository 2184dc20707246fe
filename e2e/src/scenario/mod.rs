//! What a tenant and its plugins go through, the same on a cluster and with Compose: requests go on, and none of them
//! fails.

pub mod lifecycle;
pub mod upgrade;

use crate::kubectl::Kubectl;

/// Where the platform runs.
#[expect(async_fn_in_trait, reason = "tests alone call these, each for one kind of place")]
pub trait Place {
    /// Its resources.
    fn kubectl(&self) -> &Kubectl;

    /// What runs of a plugin for a namespace: names or ids of pods or containers, those on their way out among them.
    async fn running(&self, namespace: &str, plugin: &str) -> Vec<String>;
}
