//! Tenants and installs, kept up to date by watches: for lists across namespaces and for telling
//! plugins of changes.

use std::{collections::HashMap, sync::Arc};

use kube::{
    Client,
    runtime::reflector::{ObjectRef, Store},
};
use plexica_contract::name::{PluginId, Slug};
use plexica_crds::{PluginInstall, Tenant};
use plexica_service::{
    Gate, Tasks,
    watch::{Changed, follow},
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::told;

/// Tenants and installs, kept up to date.
#[derive(Debug)]
pub struct Catalog {
    tenants: Store<Tenant>,
    installs: Store<PluginInstall>,
    changes: watch::Receiver<Changes>,
    complete: Gate,
    shutdown: CancellationToken,
}

impl Catalog {
    /// Begins to watch. The gate opens with the first complete lists.
    pub fn follow(tasks: &Tasks, client: &Client, gate: Gate) -> Self {
        let (sender, changes) = watch::channel(Changes::default());
        let tell = sender.clone();
        let tenants = follow(tasks, client, told::by_tenant, move |_| tell.send_modify(Changes::of_all));
        let installs = follow(tasks, client, told::by_install, move |install: Changed<'_, PluginInstall>| {
            sender.send_modify(|changes| match install {
                Changed::One(install) => changes.of(&install.spec.plugin.id),
                Changed::Any => changes.of_all(),
            });
        });
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
        Self { tenants, installs, changes, complete, shutdown }
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

    /// What becomes of a plugin's tenants from now on.
    pub fn news(&self, plugin: &PluginId) -> News {
        let changes = self.changes.clone();
        let heard = changes.borrow().count(plugin.as_str());
        News { plugin: plugin.clone(), changes, heard }
    }

    /// Cancelled when the service is to stop.
    pub fn shutdown(&self) -> CancellationToken {
        self.shutdown.clone()
    }
}

/// How often it has changed what plugins are told.
#[derive(Debug, Default)]
struct Changes {
    all: u64,
    each: HashMap<String, u64>,
}

impl Changes {
    fn of_all(&mut self) {
        self.all += 1;
    }

    fn of(&mut self, plugin: &str) {
        match self.each.get_mut(plugin) {
            Some(count) => *count += 1,
            None => drop(self.each.insert(plugin.to_owned(), 1)),
        }
    }

    fn count(&self, plugin: &str) -> u64 {
        self.all + self.each.get(plugin).copied().unwrap_or_default()
    }
}

/// What becomes of a plugin's tenants.
#[derive(Debug)]
pub struct News {
    plugin: PluginId,
    changes: watch::Receiver<Changes>,
    heard: u64,
}

impl News {
    /// Comes back when something has changed since the last time; `None` when the service stops.
    pub async fn next(&mut self) -> Option<()> {
        let (plugin, heard) = (self.plugin.as_str(), self.heard);
        let now = self.changes.wait_for(|changes| changes.count(plugin) != heard).await.ok()?.count(plugin);
        self.heard = now;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn news_is_of_that_plugin_or_of_all() {
        let (sender, changes) = watch::channel(Changes::default());
        let mut news = News { plugin: "crm".parse().unwrap(), changes, heard: 0 };
        sender.send_modify(|changes| changes.of("files"));
        assert!(futures::poll!(std::pin::pin!(news.next())).is_pending());
        for change in [Changes::of_all, |changes: &mut Changes| changes.of("crm")] {
            sender.send_modify(change);
            assert_eq!(news.next().await, Some(()));
            assert!(futures::poll!(std::pin::pin!(news.next())).is_pending(), "once");
        }
        drop(sender);
        assert_eq!(news.next().await, None);
    }
}
