//! What pure steps know of the configuration.

use std::{collections::BTreeSet, time::Duration};

use jiff::SignedDuration;
use plexica_backends::{
    keycloak::Digests,
    ownership::{Installation, Mark},
    workloads::{Counts, Needs},
};
use plexica_contract::name::{PluginId, Prefixes, Slug};

/// The part of the configuration that decisions depend on.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The installation, in this cluster.
    pub installation: Installation,
    /// The platform's namespace.
    pub namespace: String,
    /// Prefixes of shared names.
    pub prefixes: Prefixes,
    /// Names of the databases there are.
    pub placements: BTreeSet<String>,
    /// What the runner starts plugins from.
    pub needs: Needs,
    /// What is counted of what runs in a namespace.
    pub counts: Counts,
    /// Whether plugins may run in tenants' namespaces; if not, no workload there is ever asked for.
    pub dedicated: bool,
    /// The core API, as plugins reach it.
    pub core_api_url: String,
    /// The object store, as tenants reach it.
    pub s3_endpoint: String,
    /// Its region.
    pub s3_region: String,
    /// Whether requests to it are encrypted, so that buckets refuse others.
    pub s3_encrypted: bool,
    /// By which secrets of realms are known again.
    pub digests: Digests,
    /// Whether tenants' client `web` takes user name and password directly.
    pub direct_grants: bool,
    /// Where final backups lie.
    pub backup: BackupPlace,
    /// How long credentials work on beside those that replaced them, where nobody says otherwise.
    pub rotation_overlap: SignedDuration,
    /// After how long those of `Shared` plugins are replaced by themselves, if at all.
    pub rotation_interval: Option<SignedDuration>,
    /// After this long a plugin's own purge is not waited for any more.
    pub purge_deadline: Duration,
}

/// Where final backups lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BackupPlace {
    /// In that bucket.
    Bucket(String),
    /// Nobody has said where, so that no data goes without being told to.
    Missing,
    /// None is made.
    Off,
}

impl Settings {
    /// The mark on what belongs to a tenant.
    pub fn tenant_mark(&self, slug: &Slug, uid: &str) -> Mark {
        self.mark("Tenant", slug.to_string(), uid)
    }

    /// The mark on what belongs to a catalogue entry.
    pub fn plugin_mark(&self, name: &str, uid: &str) -> Mark {
        self.mark("Plugin", name.to_owned(), uid)
    }

    /// The mark on what belongs to a plugin for a tenant. It names these two, not the resource: one
    /// install is in force for both at a time, and whichever it is finds what an earlier one kept.
    pub fn install_mark(&self, slug: &Slug, plugin: &PluginId, uid: &str) -> Mark {
        self.mark("PluginInstall", format!("{slug}.{plugin}"), uid)
    }

    /// The mark on the bucket of backups: the installation's own, whatever it is called.
    pub fn backup_mark(&self) -> Mark {
        self.mark("Backup", "final".into(), "final")
    }

    fn mark(&self, kind: &str, name: String, uid: &str) -> Mark {
        Mark { installation: self.installation.clone(), kind: kind.into(), name, uid: uid.to_owned() }
    }
}
