//! The versions of several plugins, and of all that they need and the tenant lacks.

use std::{collections::BTreeMap, fmt};

use plexica_contract::name::PluginVersion;
use semver::VersionReq;

use super::{
    Asked, Catalogue, Need, On, Present, Release, choose,
    search::{Decided, Search},
};

/// A plugin that a person asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The plugin.
    pub id: String,
    /// In which versions.
    pub requirement: VersionReq,
}

/// One install of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step<'a> {
    /// The version to be.
    pub release: &'a Release,
    /// What its install is to ask for, so that the operator comes to that version.
    pub requirement: String,
    /// The version that serves now.
    pub from: Option<PluginVersion>,
    /// Who needs it, if nobody asked for it.
    pub needed_by: Option<String>,
}

/// Why there is no plan: chains of requirements that contradict each other, those of the highest
/// versions first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict(pub Vec<String>);

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("; "))
    }
}

/// A version for each that is wanted and for each that they need and the tenant lacks, in the order in
/// which they can come up. What the tenant has and is not wanted stays as it is.
///
/// Without `with_dependencies`, whatever is lacking is a conflict.
///
/// # Errors
/// When no versions fit together.
pub fn solve<'a>(
    catalogue: &'a Catalogue,
    present: &[Present<'a>],
    wanted: &[Wanted],
    with_dependencies: bool,
) -> Result<Vec<Step<'a>>, Conflict> {
    let search = Search::new(catalogue, present, wanted, with_dependencies);
    let found = sorted(search.run()?);
    let all: Vec<&Release> = found.iter().map(|one| one.release).collect();
    let step = |(index, one): (usize, &Decided<'a>)| {
        let id = &one.release.id;
        let asked = wanted.iter().find(|wanted| wanted.id == *id);
        let text = asked.map_or_else(|| joined(one.release, &all, present), |asked| asked.requirement.to_string());
        Step {
            release: one.release,
            requirement: narrowed(text, one.release, catalogue, &all[..index], present),
            from: serving(present, id),
            needed_by: one.by.map(ToString::to_string),
        }
    };
    Ok(found.iter().enumerate().map(step).collect())
}

fn serving(present: &[Present<'_>], id: &str) -> Option<PluginVersion> {
    present.iter().find(|one| one.id == id)?.serves.map(|release| release.version.clone())
}

/// What all that need it ask for.
fn joined(release: &Release, chosen: &[&Release], present: &[Present<'_>]) -> String {
    let needs = chosen.iter().copied().chain(present.iter().filter_map(Present::in_force)).flat_map(|one| &one.needs);
    let on_it = |need: &&Need| need.on == On::Plugin(release.id.clone()) && need.version != VersionReq::STAR;
    let mut texts: Vec<String> = needs.filter(on_it).map(|need| need.version.to_string()).collect();
    texts.sort();
    texts.dedup();
    if texts.is_empty() { format!("^{}", release.version) } else { texts.join(", ") }
}

/// With an upper bound, if the operator would take another version: it looks at one install alone, and
/// may do so before what comes later is written.
fn narrowed(
    text: String,
    release: &Release,
    catalogue: &Catalogue,
    earlier: &[&Release],
    present: &[Present<'_>],
) -> String {
    let requirement = text.parse().unwrap_or(VersionReq::STAR);
    let current = serving(present, &release.id);
    let mut beside: Vec<Present<'_>> = present.iter().filter(|one| one.id != release.id).cloned().collect();
    for other in earlier {
        beside.retain(|one| one.id != other.id);
        beside.push(Present::at_work(other));
    }
    let asked = Asked { id: &release.id, requirement: &requirement, current: current.as_ref(), before: None };
    match choose(asked, catalogue, &beside) {
        Ok(choice) if choice.release.version == release.version => text,
        _ if requirement == VersionReq::STAR => format!("<={}", release.version),
        _ => format!("{text}, <={}", release.version),
    }
}

/// What is needed comes first; else the order stays.
fn sorted(mut left: Vec<Decided<'_>>) -> Vec<Decided<'_>> {
    let mut ordered = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let waits = |one: &Decided<'_>| {
            let others = || left.iter().filter(|other| other.release.id != one.release.id);
            one.release.needs.iter().any(|need| others().any(|other| need.met_by(other.release)))
        };
        // Circles were refused, so that there is one, unless optional needs close one.
        let next = left.iter().position(|one| !waits(one)).unwrap_or_default();
        ordered.push(left.remove(next));
    }
    ordered
}

/// The requirements that were asked for, by plugin.
pub(super) fn by_id(wanted: &[Wanted]) -> BTreeMap<&str, &VersionReq> {
    wanted.iter().map(|one| (one.id.as_str(), &one.requirement)).collect()
}

#[cfg(test)]
#[path = "solve_tests.rs"]
mod tests;
