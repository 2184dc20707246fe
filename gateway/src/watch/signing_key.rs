//! The key that platform tokens are signed with.

use std::pin::pin;

use futures::StreamExt;
use k8s_openapi::api::core::v1::Secret;
use kube::{
    Api, Client,
    runtime::{WatchStreamExt, watcher::watch_object},
};
use plexica_contract::token::SigningKey;
use plexica_service::{Tasks, watch::reconnect};

use crate::feed::Feed;

/// The Secret with the key.
pub const SECRET: &str = "plexica-platform-keys";
/// The key in the Secret.
pub const ENTRY: &str = "signing-key.pem";

/// Watches the Secret and signs with what it holds. When the Secret goes,
/// the last key signs on: the operator makes a new one and says so by a change.
pub fn follow(tasks: &Tasks, client: &Client, namespace: &str, feed: Feed) {
    let api: Api<Secret> = Api::namespaced(client.clone(), namespace);
    let shutdown = tasks.shutdown();
    tasks.spawn("the signing key's watch", async move {
        let mut events = pin!(watch_object(api, SECRET).backoff(reconnect()));
        while let Some(Some(event)) = shutdown.run_until_cancelled(events.next()).await {
            match event {
                Ok(Some(secret)) => {
                    if let Some(key) = read(&secret) {
                        feed.sign_with(key);
                    } else {
                        tracing::error!("Secret {SECRET} holds no P-256 key in {ENTRY}: it is not taken into use");
                    }
                }
                Ok(None) => tracing::warn!("Secret {SECRET} is not there; the operator makes it"),
                Err(error) => tracing::warn!(%error, "the watch of Secret {SECRET} is interrupted"),
            }
        }
    });
}

fn read(secret: &Secret) -> Option<SigningKey> {
    let pem = std::str::from_utf8(&secret.data.as_ref()?.get(ENTRY)?.0).ok()?;
    SigningKey::from_pkcs8_pem(pem).ok()
}
