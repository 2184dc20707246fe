//! One requirement.

use std::fmt;

use plexica_contract::manifest::Requirement;
use semver::VersionReq;

use super::Release;

/// What is needed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum On {
    /// A plugin, by id.
    Plugin(String),
    /// An interface, whoever provides it.
    Interface(String),
}

/// A plugin or an interface that a version needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// What.
    pub on: On,
    /// In which versions.
    pub version: VersionReq,
    /// Whether it may be missing.
    pub optional: bool,
}

impl Need {
    /// From a manifest; `None` if it says nothing that could be met, which keeps the manifest from
    /// being valid.
    pub fn of(requirement: &Requirement) -> Option<Self> {
        let on = match (&requirement.plugin, &requirement.interface) {
            (Some(plugin), None) => On::Plugin(plugin.clone()),
            (None, Some(interface)) => On::Interface(interface.clone()),
            _ => return None,
        };
        Some(Self { on, version: requirement.version.parse().ok()?, optional: requirement.optional })
    }

    /// Whether this version is one of those it asks for.
    pub fn met_by(&self, release: &Release) -> bool {
        match &self.on {
            On::Plugin(id) => *id == release.id && self.version.matches(release.version.semver()),
            On::Interface(name) => {
                release.provides.iter().any(|(provided, version)| provided == name && self.version.matches(version))
            }
        }
    }

    /// Whether this version is of what it asks for, in whatever version.
    pub fn concerns(&self, release: &Release) -> bool {
        match &self.on {
            On::Plugin(id) => *id == release.id,
            On::Interface(name) => release.provides.iter().any(|(provided, _)| provided == name),
        }
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.on {
            On::Plugin(id) => write!(f, "{id} {}", self.version),
            On::Interface(name) => write!(f, "interface {name} {}", self.version),
        }
    }
}
