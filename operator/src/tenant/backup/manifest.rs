//! What a backup holds, for who restores from it.

use jiff::Timestamp;
use plexica_backends::s3::archive::Written;
use plexica_crds::{plugin_install::PluginInstallSpec, tenant::TenantSpec};
use serde::{Deserialize, Serialize};

/// The manifest's name.
pub const NAME: &str = "manifest.json";
/// Which form of manifest this is; of the first, files lay beside it.
pub const FORM: u32 = 2;
/// The oldest form that is still read.
pub const OLDEST_FORM: u32 = 1;

/// The last thing that is written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// Which form of manifest it is.
    pub form: u32,
    /// Version of the operator that wrote it.
    pub operator: String,
    /// The installation.
    pub installation: String,
    /// The tenant.
    pub tenant: Tenant,
    /// What it had installed when the backup began.
    pub installs: Vec<Install>,
    /// When it was deleted.
    pub deleted_at: Timestamp,
    /// When the backup was complete.
    pub completed_at: Timestamp,
    /// Parts that a person had given up on, so that they were not read.
    pub abandoned: Vec<String>,
    /// Where the parts were. One that was not there, or not the tenant's, is missing.
    pub sources: Sources,
    /// The folder of its other objects, after the prefix: each attempt writes into one of its own, so that none
    /// can change what another has made whole.
    #[serde(default)]
    pub folder: String,
    /// All other objects of the backup.
    pub files: Vec<File>,
}

/// The tenant as it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tenant {
    /// The slug.
    pub name: String,
    /// The uid.
    pub uid: String,
    /// The spec.
    pub spec: TenantSpec,
}

/// An install as it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Install {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its spec.
    pub spec: PluginInstallSpec,
    /// The version whose migrations ran last.
    pub migrated_version: Option<String>,
}

/// Where the parts were.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sources {
    /// Schemas, by the name of their dump.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub schemas: Vec<String>,
    /// The realm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub realm: Option<String>,
    /// The bucket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,
}

/// One object of the backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Its key after the prefix and the folder.
    pub name: String,
    /// In bytes.
    pub size: u64,
    /// Digest of its content, in hexadecimal.
    pub sha256: String,
}

impl File {
    /// As it was written.
    pub fn new(name: String, written: Written) -> Self {
        let Written { size, sha256 } = written;
        Self { name, size, sha256 }
    }
}

impl Manifest {
    /// One of today's form, with no parts yet.
    pub fn new(
        installation: &str,
        tenant: Tenant,
        installs: Vec<Install>,
        deleted_at: Timestamp,
        folder: String,
    ) -> Self {
        Self {
            form: FORM,
            operator: env!("CARGO_PKG_VERSION").into(),
            installation: installation.into(),
            tenant,
            installs,
            deleted_at,
            completed_at: deleted_at,
            abandoned: Vec::new(),
            sources: Sources::default(),
            folder,
            files: Vec::new(),
        }
    }

    /// Whether it is of that tenant and that deletion.
    pub fn is_of(&self, uid: &str, deleted_at: Timestamp) -> bool {
        self.tenant.uid == uid && self.deleted_at == deleted_at
    }
}
