//! The realm of the platform's own users, once the operator has found it to be ours.

use std::{collections::HashSet, pin::pin};

use futures::StreamExt;
use k8s_openapi::api::core::v1::Secret;
use kube::{
    Api, Client,
    runtime::{WatchStreamExt, watcher::watch_object},
};
use plexica_service::{Tasks, watch::reconnect};
use tokio::sync::watch;

use crate::snapshot::Realm;

/// The Secret with realm and issuer.
pub const SECRET: &str = "plexica-platform-identity";

/// What is known of it.
#[derive(Clone, Debug, Default)]
pub struct Platform {
    /// Whether the API has answered at all.
    pub answered: bool,
    /// The realm; none before the operator says which: its name alone is no reason to trust it.
    pub realm: Option<Realm>,
}

/// Watches the Secret and calls `changed` whenever another realm, or none, is the platform's.
pub fn follow(
    tasks: &Tasks,
    client: &Client,
    namespace: &str,
    changed: impl Fn() + Send + 'static,
) -> watch::Receiver<Platform> {
    let api: Api<Secret> = Api::namespaced(client.clone(), namespace);
    let shutdown = tasks.shutdown();
    let (tell, told) = watch::channel(Platform::default());
    tasks.spawn("the watch of the platform's realm", async move {
        let mut events = pin!(watch_object(api, SECRET).backoff(reconnect()));
        while let Some(Some(event)) = shutdown.run_until_cancelled(events.next()).await {
            match event {
                Ok(secret) => {
                    let realm = secret.as_ref().and_then(read);
                    if realm.is_none() {
                        tracing::warn!("Secret {SECRET} names no realm of the platform: nobody is a super-admin");
                    }
                    tell.send_replace(Platform { answered: true, realm });
                    changed();
                }
                Err(error) => tracing::warn!(%error, "the watch of Secret {SECRET} is interrupted"),
            }
        }
    });
    told
}

fn read(secret: &Secret) -> Option<Realm> {
    let text = |key: &str| {
        let bytes = &secret.data.as_ref()?.get(key)?.0;
        std::str::from_utf8(bytes).ok().filter(|text| !text.is_empty()).map(str::to_owned)
    };
    Some(Realm {
        name: text("realm")?,
        issuer: text("issuer")?,
        tenant: None,
        domains: HashSet::new(),
        suspended: false,
        rate_limits: None,
    })
}
