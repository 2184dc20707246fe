//! The version of one install, beside what its tenant has.

use std::fmt;

use plexica_contract::name::PluginVersion;
use semver::VersionReq;

use super::{Catalogue, Need, Offer, Present, Release, circle, offer};

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The plugin.
    pub id: &'a str,
    /// In which versions.
    pub requirement: &'a VersionReq,
    /// The version that the tenant's data is at.
    pub current: Option<&'a PluginVersion>,
    /// The version that served before and can serve again. Who wants to go back to it may, whatever has become of its
    /// entry meanwhile.
    pub before: Option<&'a PluginVersion>,
}

/// The version to be.
#[derive(Clone, Debug)]
pub struct Choice<'a> {
    /// It.
    pub release: &'a Release,
    /// The highest version that matches as well and is not taken, and why.
    pub held: Option<(&'a Release, Obstacle)>,
}

/// Why a version cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// Who is at work needs another; each with what it needs.
    Breaks(String),
    /// It needs what is there in another version, or not at all.
    Lacks(String),
    /// It would need itself.
    Circle(String),
    /// It is not to be chosen any more.
    Yanked(String),
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Breaks(chain) | Self::Lacks(chain) => f.write_str(chain),
            Self::Circle(chain) => write!(f, "the requirements go in a circle: {chain}"),
            Self::Yanked(reason) => write!(f, "it is yanked ({reason})"),
        }
    }
}

/// Why there is no version to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No version matches; all that there are, lowest first.
    NoMatch(Vec<PluginVersion>),
    /// The highest of those that match, and what stands in its way.
    Refused(PluginVersion, Obstacle),
}

/// The highest version that matches and fits to `present`, what else the tenant has.
///
/// What is at work is not broken: an upgrade that would is not taken. One that lacks something is
/// not taken either, as long as the current version is among those asked for; a new install takes
/// it and waits for what is missing.
///
/// # Errors
/// When there is none.
pub fn choose<'a>(asked: Asked<'_>, catalogue: &'a Catalogue, present: &[Present<'_>]) -> Result<Choice<'a>, Refusal> {
    let versions = catalogue.versions(asked.id);
    let matching: Vec<&Release> = versions
        .iter()
        .filter(|release| !release.leaving || Some(&release.version) == asked.before)
        .filter(|release| asked.requirement.matches(release.version.semver()))
        .collect();
    let Some(highest) = matching.first() else {
        let there_is = versions.iter().rev().filter(|release| !release.leaving);
        return Err(Refusal::NoMatch(there_is.map(|release| release.version.clone()).collect()));
    };
    let look = Look { asked, current: versions.iter().find(|one| Some(&one.version) == asked.current), present };
    let mut held = None;
    for release in &matching {
        match look.obstacle(release) {
            None => return Ok(Choice { release, held }),
            Some(obstacle) => held = held.or(Some((*release, obstacle))),
        }
    }
    // What is lacking may come; nothing else may.
    let waits = matching.iter().find(|release| matches!(look.obstacle(release), Some(Obstacle::Lacks(_))));
    match (waits, held) {
        (Some(release), held) => Ok(Choice { release, held: held.filter(|(higher, _)| higher != release) }),
        (None, Some((release, obstacle))) => Err(Refusal::Refused(release.version.clone(), obstacle)),
        (None, None) => Ok(Choice { release: highest, held: None }),
    }
}

struct Look<'a> {
    asked: Asked<'a>,
    current: Option<&'a Release>,
    present: &'a [Present<'a>],
}

impl Look<'_> {
    /// What stands in the way of a version, besides that it be asked for.
    fn obstacle(&self, release: &Release) -> Option<Obstacle> {
        if Some(&release.version) == self.asked.current {
            return None;
        }
        if let Some(reason) = &release.yanked
            && Some(&release.version) != self.asked.before
        {
            return Some(Obstacle::Yanked(reason.clone()));
        }
        let others: Vec<&Release> =
            self.present.iter().filter(|one| one.id != release.id).filter_map(Present::expected).collect();
        if let Some(chain) = circle(release, &others) {
            return Some(Obstacle::Circle(chain));
        }
        self.breaks(release).or_else(|| self.lacks(release)).or_else(|| self.spoils(release))
    }

    /// Who is at work and would not have what it needs any more.
    fn breaks(&self, release: &Release) -> Option<Obstacle> {
        let broken = |one: &Present<'_>, need: &Need| one.in_force().is_some() && self.loses(need, release);
        self.theirs(broken).map(Obstacle::Breaks)
    }

    /// Who is yet to come, and would not have what it needs. That is no harm done, only a reason to
    /// take another version.
    fn spoils(&self, release: &Release) -> Option<Obstacle> {
        let first = self.current.is_none();
        let spoilt = |_: &Present<'_>, need: &Need| {
            self.loses(need, release) || (first && need.concerns(release) && !self.has(need, Some(release)))
        };
        self.theirs(spoilt).map(Obstacle::Lacks)
    }

    fn theirs(&self, counts: impl Fn(&Present<'_>, &Need) -> bool) -> Option<String> {
        let mut chains = Vec::new();
        for one in self.present.iter().filter(|one| !one.leaving) {
            let Some(theirs) = one.expected() else { continue };
            let needs = theirs.needs.iter().filter(|need| counts(one, need));
            chains.extend(needs.map(|need| format!("{theirs} ({}) → {need}", one.install)));
        }
        (!chains.is_empty()).then(|| chains.join(", "))
    }

    fn loses(&self, need: &Need, release: &Release) -> bool {
        self.has(need, self.current) && !self.has(need, Some(release))
    }

    /// Whether a need is met with this version of the plugin beside all others.
    fn has(&self, need: &Need, release: Option<&Release>) -> bool {
        let others = self.present.iter().filter(|one| one.id != self.asked.id).filter_map(Present::in_force);
        match offer(need, others.chain(release)) {
            Offer::Met => true,
            Offer::Other(_) => false,
            Offer::Nothing => need.optional,
        }
    }

    fn lacks(&self, release: &Release) -> Option<Obstacle> {
        let there = || self.present.iter().filter(|one| one.id != self.asked.id).filter_map(Present::in_force);
        release.needs.iter().find_map(|need| {
            let chain = match offer(need, there()) {
                Offer::Met => return None,
                Offer::Other(other) => format!("{release} → {need}, but {other} is installed"),
                Offer::Nothing if need.optional || self.asked.current.is_none() => return None,
                Offer::Nothing => format!("{release} → {need}, which is not installed"),
            };
            Some(Obstacle::Lacks(chain))
        })
    }
}

#[cfg(test)]
#[path = "choose_tests.rs"]
mod tests;
