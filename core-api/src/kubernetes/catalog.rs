//! Tenants and installs, kept up to date by watches: for lists across namespaces and for telling
//! plugins of changes.

use std::sync::Arc;

use kube::{
    Client,
    runtime::reflector::{ObjectRef, Store},
};
use plexica_contract::name::Slug;
use plexica_crds::{PluginInstall, Tenant};
use plexica_service::{Gate, Tasks, watch::follow};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Tenants and installs, kept up to date.
#[derive(Debug)]
pub struct Catalog {
    tenants: Store<Tenant>,
    installs: Store<PluginInstall>,
    changed: watch::Receiver<()>,
    complete: Gate,
    shutdown: CancellationToken,
}

impl Catalog {
    /// Begins to watch. The gate opens with the first complete lists.
    pub fn follow(tasks: &Tasks, client: &Client, gate: Gate) -> Self {
        let (sender, changed) = watch::channel(());
        let tell = || {
            let sender = sender.clone();
            move || {
                sender.send_replace(());
            }
        };
        let tenants = follow::<Tenant>(tasks, client, tell());
        let installs = follow::<PluginInstall>(tasks, client, tell());
        let shutdown = tasks.shutdown();
        let (first_tenants, first_installs, stop) = (tenants.clone(), installs.clone(), shutdown.clone());
        let complete = gate.clone();
        tasks.spawn("the first lists", async move {
            let both = async { tokio::join!(first_tenants.wait_until_ready(), first_installs.wait_until_ready()) };
            if let Some((Ok(()), Ok(()))) = stop.run_until_cancelled(both).await {
                gate.open();
            }
            stop.cancelled().await;
        });
        Self { tenants, installs, changed, complete, shutdown }
    }

    /// Whether both were listed once: before, what is not there may yet come.
    pub fn is_complete(&self) -> bool {
        self.complete.is_open()
    }

    /// All tenants.
    pub fn tenants(&self) -> Vec<Arc<Tenant>> {
        self.tenants.state()
    }

    /// Whether there is such a tenant and it is suspended.
    pub fn is_suspended(&self, slug: &Slug) -> bool {
        self.tenants.get(&ObjectRef::new(slug.as_str())).is_some_and(|tenant| tenant.is_suspended())
    }

    /// All installs.
    pub fn installs(&self) -> Vec<Arc<PluginInstall>> {
        self.installs.state()
    }

    /// Told of each change from now on.
    pub fn changes(&self) -> watch::Receiver<()> {
        let mut changes = self.changed.clone();
        changes.mark_unchanged();
        changes
    }

    /// Cancelled when the service is to stop.
    pub fn shutdown(&self) -> CancellationToken {
        self.shutdown.clone()
    }
}
