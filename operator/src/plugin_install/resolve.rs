//! Which version, beside what else the tenant has. Pure.

use std::sync::Arc;

use plexica_contract::name::PluginVersion;
use plexica_crds::{
    Plugin, PluginInstall, Reason,
    dependency::{Asked, Catalogue, Choice, Obstacle, Offer, Present, Refusal, Release, choose, unmet},
};
use semver::VersionReq;

use super::upgrade;
use crate::{plugin, problem::Problem};

/// The version that an install is to be at.
#[derive(Clone, Debug)]
pub struct Resolved<'a> {
    /// Its entry.
    pub plugin: &'a Plugin,
    /// What it needs.
    pub release: Release,
    /// What is to be said of it, though it may be: it is yanked, deprecated, or another is held back.
    pub notice: Option<Problem>,
}

/// The highest version in the catalogue that matches and breaks nobody; entries that are being removed
/// or are yanked are left out, except what the tenant's data is at.
///
/// # Errors
/// [`Reason::InvalidVersion`], [`Reason::PluginNotFound`], [`Reason::DependencyConflict`],
/// [`Reason::DependencyCycle`] and [`Reason::Yanked`].
pub fn resolve<'a>(
    install: &PluginInstall,
    entries: &'a [Arc<Plugin>],
    catalogue: &Catalogue,
    present: &[Present<'_>],
) -> Result<Resolved<'a>, Problem> {
    let Choice { release, held } = choice(install, catalogue, present)?;
    let (id, version) = (&release.id, release.version.to_string());
    let Some(plugin) = plugin::entry(entries, id, &version) else {
        return Err(not_found(id, &install.spec.plugin.version, &[]));
    };
    Ok(Resolved { plugin, release: release.clone(), notice: notice(release, held) })
}

/// That version, and the highest that is held back.
///
/// # Errors
/// As [`resolve`].
pub fn choice<'a>(
    install: &PluginInstall,
    catalogue: &'a Catalogue,
    present: &[Present<'_>],
) -> Result<Choice<'a>, Problem> {
    let reference = &install.spec.plugin;
    let (id, requirement) = (reference.id.as_str(), requirement(&reference.version)?);
    let migrated = install.status.as_ref().and_then(|status| status.migrated_version.as_deref());
    let current = migrated.and_then(|version| version.parse::<PluginVersion>().ok());
    let before = install.status.as_ref().and_then(upgrade::before);
    let asked = Asked { id, requirement: &requirement, current: current.as_ref(), before: before.as_ref() };
    choose(asked, catalogue, present).map_err(|refusal| refused(id, &reference.version, refusal))
}

/// What a version needs and does not find.
///
/// # Errors
/// [`Reason::RequirementNotMet`].
pub fn required(install: &PluginInstall, release: &Release, present: &[Present<'_>]) -> Result<(), Problem> {
    let at_work = install.status.as_ref().is_some_and(|status| status.version.is_some());
    let Some((need, found)) = unmet(release, present, at_work) else { return Ok(()) };
    let message = match found {
        Offer::Other(other) => format!(
            "{release} → {need}, but {other} is installed for this tenant: bring that to a matching version first."
        ),
        Offer::Met | Offer::Nothing => {
            format!("{release} → {need}, which is not installed and routed for this tenant: install that first.")
        }
    };
    Err(Problem::new(Reason::RequirementNotMet, message))
}

fn notice(release: &Release, held: Option<(&Release, Obstacle)>) -> Option<Problem> {
    let yanked = release.yanked.as_ref().map(|reason| {
        Problem::new(
            Reason::Yanked,
            format!("{release} is yanked ({reason}): it goes on here, ask for another version"),
        )
    });
    let deprecated = release
        .deprecated
        .as_ref()
        .map(|message| Problem::new(Reason::Deprecated, format!("{release} is deprecated: {message}")));
    let held = held.and_then(|(higher, obstacle)| match obstacle {
        // Nobody is to do anything about it.
        Obstacle::Yanked(_) => None,
        obstacle => Some(Problem::new(Reason::HeldBack, format!("{} is held back: {obstacle}", higher.version))),
    });
    // The first says the reason, all say their message.
    let all: Vec<Problem> = [yanked, deprecated, held].into_iter().flatten().collect();
    let messages: Vec<&str> = all.iter().map(|one| one.message.as_str()).collect();
    Some(Problem::new(all.first()?.reason, messages.join("; ")))
}

fn refused(id: &str, asked: &str, refusal: Refusal) -> Problem {
    let (version, obstacle) = match refusal {
        Refusal::NoMatch(versions) => return not_found(id, asked, &versions),
        Refusal::Refused(version, obstacle) => (version, obstacle),
    };
    match obstacle {
        Obstacle::Breaks(chains) => Problem::new(
            Reason::DependencyConflict,
            format!(
                "{id} {version} would break what needs another: {chains}. Upgrade, disable or remove that first, or ask for another version in spec.plugin.version."
            ),
        ),
        Obstacle::Circle(chain) => Problem::new(
            Reason::DependencyCycle,
            format!("{id} {version} would need itself: {chain}. One of these requirements must be optional."),
        ),
        Obstacle::Yanked(reason) => Problem::new(
            Reason::Yanked,
            format!("{id} {version} is yanked ({reason}): ask for another version in spec.plugin.version."),
        ),
        Obstacle::Lacks(chain) => Problem::new(Reason::RequirementNotMet, format!("{chain}: install that first.")),
    }
}

fn not_found(id: &str, asked: &str, versions: &[PluginVersion]) -> Problem {
    let there_is = match versions {
        [] => "there is no version of it".to_owned(),
        some => {
            let versions: Vec<_> = some.iter().map(ToString::to_string).collect();
            format!("there is {}", versions.join(", "))
        }
    };
    Problem::new(
        Reason::PluginNotFound,
        format!(
            "no plugin {id} in the catalogue matches {asked:?}: {there_is}. Apply a Plugin that matches, or widen spec.plugin.version."
        ),
    )
}

fn requirement(text: &str) -> Result<VersionReq, Problem> {
    VersionReq::parse(text).map_err(|error| {
        Problem::new(
            Reason::InvalidVersion,
            format!("spec.plugin.version {text:?} is no semver requirement ({error}): write one such as ^1.4 or \">=1, <3\"."),
        )
    })
}

#[cfg(test)]
#[path = "resolve_tests.rs"]
mod tests;
