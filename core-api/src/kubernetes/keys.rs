//! The platform's public keys.

use std::pin::pin;

use futures::StreamExt;
use k8s_openapi::api::core::v1::Secret;
use kube::{
    Api, Client,
    runtime::{WatchStreamExt, watcher::watch_object},
};
use plexica_contract::token::PublicKeys;
use plexica_service::{Gate, Tasks, watch::reconnect};

use crate::state::Shared;

/// The Secret with the public keys, which the operator writes.
pub const SECRET: &str = "plexica-platform-public-keys";
/// The JWK set in the Secret.
pub const ENTRY: &str = "jwks.json";

/// Watches the Secret and trusts what it holds.
pub fn follow(tasks: &Tasks, client: &Client, namespace: &str, state: Shared, gate: Gate) {
    let api: Api<Secret> = Api::namespaced(client.clone(), namespace);
    let shutdown = tasks.shutdown();
    tasks.spawn("the public keys' watch", async move {
        let mut events = pin!(watch_object(api, SECRET).backoff(reconnect()));
        while let Some(Some(event)) = shutdown.run_until_cancelled(events.next()).await {
            match event {
                Ok(Some(secret)) => {
                    if let Some(keys) = read(&secret) {
                        state.trust(keys);
                        gate.open();
                    } else {
                        tracing::error!("Secret {SECRET} holds no JWK set in {ENTRY}: it is not taken into use");
                    }
                }
                Ok(None) => tracing::warn!("Secret {SECRET} is not there; the operator makes it"),
                Err(error) => tracing::warn!(%error, "the watch of Secret {SECRET} is interrupted"),
            }
        }
    });
}

fn read(secret: &Secret) -> Option<PublicKeys> {
    let keys: PublicKeys = serde_json::from_slice(&secret.data.as_ref()?.get(ENTRY)?.0).ok()?;
    (!keys.0.keys.is_empty()).then_some(keys)
}
