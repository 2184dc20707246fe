//! The author's own part of a lifecycle call.

use std::{collections::HashMap, future::Future, pin::Pin, sync::Arc};

use plexica_contract::{lifecycle::Action, name::PluginVersion};

use super::ConfigHook;
use crate::{Result, Tenant};

/// What a lifecycle hook is told.
#[derive(Clone, Debug)]
pub struct Lifecycle {
    /// For whom.
    pub tenant: Tenant,
    /// The version whose migrations ran last for this tenant, if any did.
    pub from_version: Option<PluginVersion>,
    /// The version to be at when done.
    pub to_version: PluginVersion,
}

type Running = Pin<Box<dyn Future<Output = Result> + Send>>;
type Hook = Arc<dyn Fn(Lifecycle) -> Running + Send + Sync>;

/// The hooks of a plugin.
#[derive(Clone, Default)]
pub(crate) struct Hooks {
    of_actions: HashMap<Action, Hook>,
    /// What decides on another configuration.
    pub(crate) config: Option<ConfigHook>,
}

impl Hooks {
    pub(crate) fn set<F, Fut>(&mut self, action: Action, hook: F)
    where
        F: Fn(Lifecycle) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result> + Send + 'static,
    {
        self.of_actions.insert(action, Arc::new(move |lifecycle| Box::pin(hook(lifecycle))));
    }

    pub(crate) async fn call(&self, action: Action, lifecycle: Lifecycle) -> Result {
        match self.of_actions.get(&action) {
            Some(hook) => hook(lifecycle).await,
            None => Ok(()),
        }
    }
}
