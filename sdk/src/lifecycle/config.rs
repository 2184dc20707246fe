//! A tenant's configuration is to be another.

use std::{future::Future, pin::Pin, sync::Arc};

use plexica_contract::{manifest, tenancy::PluginTenant};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Error, Result, Tenant, host::Host};

/// A tenant's configuration is to be another, which does not count yet.
#[derive(Clone, Debug)]
pub struct ConfigChange {
    /// For whom: its [`Tenant::config`] is the new one, already checked against the manifest's schema.
    pub tenant: Tenant,
    previous: Value,
}

impl ConfigChange {
    /// The one that counts until now.
    ///
    /// # Errors
    /// 500 when it does not fit the type.
    pub fn previous<T: DeserializeOwned>(&self) -> Result<T> {
        serde_path_to_error::deserialize(&self.previous).map_err(Error::internal)
    }
}

/// When a new configuration counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reload {
    /// At once.
    #[default]
    Live,
    /// In processes that are started from now on: the platform starts them and ends this one, which
    /// goes on with the configuration it has.
    Restart,
}

type Running = Pin<Box<dyn Future<Output = Result<Reload>> + Send>>;

/// The author's own part of it.
#[derive(Clone)]
pub(crate) struct ConfigHook(Arc<dyn Fn(ConfigChange) -> Running + Send + Sync>);

impl ConfigHook {
    pub(crate) fn new<F, Fut>(hook: F) -> Self
    where
        F: Fn(ConfigChange) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Reload>> + Send + 'static,
    {
        Self(Arc::new(move |change| Box::pin(hook(change))))
    }
}

/// Asks the author whether `new` may be in force, and when.
pub(crate) async fn take(host: &Host, previous: Value, new: PluginTenant) -> Result<Reload> {
    match (&host.hooks.config, host.reload) {
        (Some(ConfigHook(hook)), _) => {
            let tenant = Tenant::new(Arc::new(new), host.database.clone());
            hook(ConfigChange { tenant, previous }).await
        }
        (None, manifest::Reload::Restart) => Ok(Reload::Restart),
        (None, manifest::Reload::Live | manifest::Reload::Ask) => Ok(Reload::Live),
    }
}
