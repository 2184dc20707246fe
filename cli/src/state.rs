//! Tenants, catalogue and installs, as the API has them: what plans are made from.

use std::sync::Arc;

use kube::{Api, Client, api::ListParams};
use plexica_crds::{
    Plugin, PluginInstall, Tenant,
    dependency::{Catalogue, Present},
};

use crate::error::Error;

/// All that plans depend on.
#[derive(Clone, Debug, Default)]
pub struct State {
    pub tenants: Vec<Arc<Tenant>>,
    pub plugins: Vec<Arc<Plugin>>,
    pub installs: Vec<Arc<PluginInstall>>,
}

impl State {
    /// As it is now.
    pub async fn read(client: &Client) -> Result<Self, Error> {
        let all = ListParams::default();
        let (tenants, plugins, installs) =
            (Api::all(client.clone()), Api::all(client.clone()), Api::all(client.clone()));
        let (tenants, plugins, installs) =
            futures::try_join!(tenants.list(&all), plugins.list(&all), installs.list(&all))?;
        Ok(Self {
            tenants: tenants.into_iter().map(Arc::new).collect(),
            plugins: plugins.into_iter().map(Arc::new).collect(),
            installs: installs.into_iter().map(Arc::new).collect(),
        })
    }

    /// A tenant.
    pub fn tenant(&self, name: &str) -> Option<&Arc<Tenant>> {
        self.tenants.iter().find(|tenant| tenant.metadata.name.as_deref() == Some(name))
    }

    /// What the catalogue says, with what serves all the same.
    pub fn catalogue(&self) -> Catalogue {
        let entries = self.plugins.iter().map(AsRef::as_ref);
        Catalogue::of(entries).knowing(self.installs.iter().map(AsRef::as_ref))
    }

    /// Installs of a tenant: those in force, where several are of one plugin.
    pub fn installs_of(&self, tenant: &str) -> Vec<&Arc<PluginInstall>> {
        let mut found: Vec<&Arc<PluginInstall>> =
            self.installs.iter().filter(|install| install.spec.tenant_ref.name == tenant).collect();
        found.sort_by(|one, other| {
            (&one.spec.plugin.id, one.seniority()).cmp(&(&other.spec.plugin.id, other.seniority()))
        });
        found.dedup_by(|one, earlier| one.spec.plugin.id == earlier.spec.plugin.id);
        found
    }

    /// What a tenant has.
    pub fn present<'a>(&self, tenant: &str, catalogue: &'a Catalogue) -> Vec<Present<'a>> {
        self.installs_of(tenant).into_iter().map(|install| Present::of(install, catalogue)).collect()
    }
}
