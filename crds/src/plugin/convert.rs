//! Resource and manifest are the same data.

use plexica_contract::{
    manifest::Manifest,
    name::{NameError, VersionError},
};

use super::{Plugin, PluginSpec};

/// The resource says something that the manifest cannot.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// The id is not one.
    #[error("spec.id {0}")]
    Id(#[from] NameError),
    /// The version is not one.
    #[error("spec.version {0}")]
    Version(#[from] VersionError),
}

impl From<Manifest> for PluginSpec {
    fn from(manifest: Manifest) -> Self {
        let Manifest {
            id,
            version,
            display_name,
            description,
            runtime,
            requires,
            provides,
            api,
            permissions,
            events,
            migrations,
            configuration,
            frontend,
            translations,
        } = manifest;
        Self {
            id: id.into(),
            version: version.into(),
            display_name,
            description,
            runtime,
            requires,
            provides,
            api,
            permissions,
            events,
            migrations,
            configuration,
            frontend,
            translations,
            deprecated: None,
            yanked: None,
            rollout: None,
        }
    }
}

impl TryFrom<PluginSpec> for Manifest {
    type Error = ManifestError;
    fn try_from(spec: PluginSpec) -> Result<Self, ManifestError> {
        let PluginSpec {
            id,
            version,
            display_name,
            description,
            runtime,
            requires,
            provides,
            api,
            permissions,
            events,
            migrations,
            configuration,
            frontend,
            translations,
            // The catalogue's word about a version, not its author's.
            deprecated: _,
            yanked: _,
            rollout: _,
        } = spec;
        Ok(Self {
            id: id.parse()?,
            version: version.parse()?,
            display_name,
            description,
            runtime,
            requires,
            provides,
            api,
            permissions,
            events,
            migrations,
            configuration,
            frontend,
            translations,
        })
    }
}

impl From<Manifest> for Plugin {
    fn from(manifest: Manifest) -> Self {
        Self::new(&manifest.resource_name(), manifest.into())
    }
}
