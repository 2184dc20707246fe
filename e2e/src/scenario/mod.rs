//! What a tenant and its plugins go through, the same on a cluster, with Compose and with `plexica dev`: requests go on,
//! and none of them fails.

pub mod bad_input;
pub mod lifecycle;
pub mod moves;
pub mod upgrade;

use serde_json::{Value, json};

use crate::kubectl::Kubectl;

/// A tenant without anything, which goes with its data and without a backup when it is deleted.
pub fn passing_tenant(slug: &str) -> Value {
    json!({
        "apiVersion": "plexica.io/v1alpha1",
        "kind": "Tenant",
        "metadata": { "name": slug, "annotations": { "plexica.io/confirm-deletion": slug } },
        "spec": { "displayName": slug, "deletionPolicy": "Delete", "skipFinalBackup": true }
    })
}

/// Where the platform runs.
#[expect(async_fn_in_trait, reason = "tests alone call these, each for one kind of place")]
pub trait Place {
    /// Its resources.
    fn kubectl(&self) -> &Kubectl;

    /// What runs of a plugin for a namespace: names or ids of pods, containers or processes, those on their way out among
    /// them.
    async fn running(&self, namespace: &str, plugin: &str) -> Vec<String>;

    /// What a catalogue entry says of how that plugin runs here, of which there is an image and a program of one name.
    fn runtime(&self, plugin: &str) -> Value {
        json!({ "image": format!("plexica/{plugin}:0.1.0") })
    }

    /// Whether one that takes more memory than it may is ended.
    fn limits_memory(&self) -> bool {
        true
    }
}
