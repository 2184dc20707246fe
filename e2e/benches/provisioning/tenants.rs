//! Tenants through the real API server, and when each became Ready.

use std::{collections::HashMap, time::Instant};

use futures::{StreamExt, TryStreamExt};
use kube::{
    Api, ResourceExt,
    api::PostParams,
    runtime::{WatchStreamExt, watcher},
};
use plexica_crds::Tenant;
use serde_json::json;
use tokio::{
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    task::JoinHandle,
};

use crate::{
    outcome::{Result, failed},
    parts::Parts,
};

pub struct Tenants {
    api: Api<Tenant>,
    mark: String,
    ready: UnboundedReceiver<(String, Instant)>,
    seen: HashMap<String, Instant>,
    watch: JoinHandle<()>,
}

impl Tenants {
    /// Starts to watch.
    pub fn watch(parts: &Parts) -> Self {
        let api: Api<Tenant> = Api::all(parts.client.clone());
        let (sender, ready) = unbounded_channel();
        let config = watcher::Config::default().labels(&parts.selector());
        let stream = watcher(api.clone(), config).default_backoff().applied_objects();
        let watch = tokio::spawn(async move {
            let mut ready = stream.try_filter(|tenant| std::future::ready(is_ready(tenant))).boxed();
            while let Some(event) = ready.next().await {
                // The watcher itself tries again after a fault.
                let Ok(tenant) = event else { continue };
                if sender.send((tenant.name_any(), Instant::now())).is_err() {
                    return;
                }
            }
        });
        Self { api, mark: parts.mark.clone(), ready, seen: HashMap::new(), watch }
    }

    /// Applies a tenant; returns when that began.
    pub async fn apply(&self, slug: &str) -> Result<Instant> {
        let tenant: Tenant = serde_json::from_value(json!({
            "apiVersion": "plexica.io/v1alpha1", "kind": "Tenant",
            "metadata": {
                "name": slug, "labels": { "plexica.io/bench": self.mark },
                "annotations": { "plexica.io/confirm-deletion": slug },
            },
            "spec": {
                "displayName": slug, "domains": ["app.acme.test"], "deletionPolicy": "Delete",
                "skipFinalBackup": true,
                "admin": { "email": "ada@acme.test", "firstName": "Ada", "lastName": "Lovelace" },
            },
        }))?;
        let began = Instant::now();
        self.api.create(&PostParams::default(), &tenant).await?;
        Ok(began)
    }

    /// When this one was seen to be Ready, as soon as it is.
    pub async fn ready(&mut self, slug: &str) -> Result<Instant> {
        loop {
            if let Some(at) = self.seen.get(slug) {
                return Ok(*at);
            }
            let Some((name, at)) = self.ready.recv().await else { return failed("the watch of tenants ended") };
            self.seen.entry(name).or_insert(at);
        }
    }
}

impl Drop for Tenants {
    fn drop(&mut self) {
        self.watch.abort();
    }
}

fn is_ready(tenant: &Tenant) -> bool {
    let conditions = tenant.status.iter().flat_map(|status| &status.conditions);
    conditions.into_iter().any(|condition| condition.type_ == "Ready" && condition.status == "True")
}
