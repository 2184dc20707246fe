//! What should run.

use std::{collections::BTreeMap, fmt};

use plexica_contract::{
    manifest::Resources,
    name::{PluginId, PluginVersion, Slug, workload},
};

use crate::ownership::Mark;

/// Which workload.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The platform's namespace for `Shared`, the tenant's for `Dedicated`.
    pub namespace: String,
    /// [`workload::name`].
    pub name: String,
}

/// One plugin version, as it should run.
#[derive(Clone, PartialEq, Eq)]
pub struct Workload {
    /// The namespace it runs in.
    pub namespace: String,
    /// Whose it is: the Plugin's when `Shared`, the PluginInstall's when `Dedicated`.
    pub owner: Mark,
    /// The plugin.
    pub plugin: PluginId,
    /// The version.
    pub version: PluginVersion,
    /// The tenant of a `Dedicated` workload.
    pub tenant: Option<Slug>,
    /// Container image.
    pub image: Option<String>,
    /// Program and arguments.
    pub command: Vec<String>,
    /// The port inside its container.
    pub port: u16,
    /// Copies.
    pub replicas: i32,
    /// Requests and limits.
    pub resources: Option<Resources>,
    /// Its environment; holds credentials.
    pub environment: BTreeMap<String, String>,
}

impl Workload {
    /// Where it is.
    pub fn place(&self) -> Place {
        Place { namespace: self.namespace.clone(), name: workload::name(&self.plugin, &self.version) }
    }
}

/// The environment holds credentials, so its values are not printed.
impl fmt::Debug for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workload")
            .field("place", &self.place())
            .field("owner", &self.owner)
            .field("image", &self.image)
            .field("command", &self.command)
            .field("environment", &self.environment.keys())
            .finish_non_exhaustive()
    }
}
