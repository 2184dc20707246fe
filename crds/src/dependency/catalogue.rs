//! What there is.

use std::{collections::BTreeMap, fmt};

use plexica_contract::name::PluginVersion;
use semver::Version;

use super::Need;
use crate::{Plugin, PluginInstall};

/// One version of a plugin, as far as others depend on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// The plugin.
    pub id: String,
    /// Its version.
    pub version: PluginVersion,
    /// What it needs.
    pub needs: Vec<Need>,
    /// Interfaces it provides, and in which version.
    pub provides: Vec<(String, Version)>,
    /// Why another should be used.
    pub deprecated: Option<String>,
    /// Why it is not to be chosen any more.
    pub yanked: Option<String>,
    /// Whether it is being removed from the catalogue.
    pub leaving: bool,
}

impl Release {
    /// From its entry; `None` if that has no version. Whatever else is not valid in it is left out
    /// here: the entry itself says so.
    pub fn of(plugin: &Plugin) -> Option<Self> {
        let spec = &plugin.spec;
        Some(Self {
            id: spec.id.clone(),
            version: spec.version.parse().ok()?,
            needs: spec.requires.iter().filter_map(Need::of).collect(),
            provides: spec
                .provides
                .iter()
                .filter_map(|one| Some((one.interface.clone(), one.version.parse().ok()?)))
                .collect(),
            deprecated: spec.deprecated.as_ref().map(|deprecation| deprecation.message.clone()),
            yanked: spec.yanked.as_ref().map(|yank| yank.reason.clone()),
            leaving: plugin.metadata.deletion_timestamp.is_some(),
        })
    }

    /// Whether it may be chosen where it does not run yet.
    pub const fn is_offered(&self) -> bool {
        !self.leaving && self.yanked.is_none()
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.id, self.version)
    }
}

/// All versions of all plugins, or of those that matter.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// By id, highest first.
    releases: BTreeMap<String, Vec<Release>>,
}

impl Catalogue {
    /// From its entries.
    pub fn of<'a>(plugins: impl IntoIterator<Item = &'a Plugin>) -> Self {
        let mut releases = BTreeMap::<String, Vec<Release>>::new();
        for release in plugins.into_iter().filter_map(Release::of) {
            releases.entry(release.id.clone()).or_default().push(release);
        }
        for versions in releases.values_mut() {
            versions.sort_by(|one, other| other.version.cmp(&one.version));
        }
        Self { releases }
    }

    /// With the versions that these installs serve, should an entry of one be gone: what it needs is not
    /// known then, and it is not chosen.
    #[must_use]
    pub fn knowing<'a>(mut self, installs: impl IntoIterator<Item = &'a PluginInstall>) -> Self {
        for install in installs {
            let id = &install.spec.plugin.id;
            let version = install.status.as_ref().and_then(|status| status.version.as_deref()?.parse().ok());
            let Some(version) = version.filter(|version: &PluginVersion| self.get(id, &version.to_string()).is_none())
            else {
                continue;
            };
            let gone = Release {
                id: id.clone(),
                version,
                needs: Vec::new(),
                provides: Vec::new(),
                deprecated: None,
                yanked: None,
                leaving: true,
            };
            let versions = self.releases.entry(id.clone()).or_default();
            let at = versions.partition_point(|one| one.version > gone.version);
            versions.insert(at, gone);
        }
        self
    }

    /// Without those versions of a plugin.
    #[must_use]
    pub fn without(mut self, id: &str, taken_out: impl Fn(&Release) -> bool) -> Self {
        if let Some(versions) = self.releases.get_mut(id) {
            versions.retain(|release| !taken_out(release));
        }
        self
    }

    /// As if no plugin needed another.
    #[must_use]
    pub fn needing_nothing(mut self) -> Self {
        for release in self.releases.values_mut().flatten() {
            release.needs.clear();
        }
        self
    }

    /// Versions of a plugin, highest first.
    pub fn versions(&self, id: &str) -> &[Release] {
        self.releases.get(id).map_or(&[], Vec::as_slice)
    }

    /// One of them.
    pub fn get(&self, id: &str, version: &str) -> Option<&Release> {
        let version: PluginVersion = version.parse().ok()?;
        self.versions(id).iter().find(|release| release.version == version)
    }

    /// Plugins with a version that may be chosen and meets the need.
    pub fn who_meets(&self, need: &Need) -> Vec<&str> {
        let meets = |release: &Release| release.is_offered() && need.met_by(release);
        self.releases.iter().filter(|(_, versions)| versions.iter().any(meets)).map(|(id, _)| id.as_str()).collect()
    }
}
