//! What a tenant has.

use std::fmt;

use kube::ResourceExt;
use semver::VersionReq;

use super::{Catalogue, Need, Release};
use crate::{
    PluginInstall, PluginInstallStatus,
    label::{DRY_RUN, PAUSED, is_set},
};

/// An install of the tenant, as far as others depend on it.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is what the install says of itself, and none follows from another"
)]
#[derive(Clone, Debug)]
pub struct Present<'a> {
    /// The plugin.
    pub id: String,
    /// Namespace and name of the install.
    pub install: String,
    /// The version that serves, or served last.
    pub serves: Option<&'a Release>,
    /// The highest version that its spec asks for.
    pub asked: Option<&'a Release>,
    /// Whether its spec wants it routed.
    pub enabled: bool,
    /// Whether it is.
    pub routed: bool,
    /// Whether it is being removed.
    pub leaving: bool,
    /// Whether an annotation has the operator do nothing about it.
    pub left_alone: bool,
}

impl<'a> Present<'a> {
    /// An install, with what the catalogue says of its versions.
    pub fn of(install: &PluginInstall, catalogue: &'a Catalogue) -> Self {
        let reference = &install.spec.plugin;
        let status = install.status.as_ref();
        let serves = status.and_then(|status| catalogue.get(&reference.id, status.version.as_deref()?));
        let asked = reference.version.parse::<VersionReq>().ok().and_then(|requirement| {
            let versions = catalogue.versions(&reference.id).iter();
            versions.filter(|one| one.is_offered()).find(|one| requirement.matches(one.version.semver()))
        });
        Self {
            id: reference.id.clone(),
            install: format!("{}/{}", install.namespace().unwrap_or_default(), install.name_any()),
            serves,
            asked,
            enabled: install.spec.enabled,
            routed: status.is_some_and(|PluginInstallStatus { route, .. }| route.is_some()),
            leaving: install.metadata.deletion_timestamp.is_some(),
            left_alone: is_set(install, PAUSED) || is_set(install, DRY_RUN),
        }
    }

    /// As a version is that a plan brings up.
    pub fn at_work(release: &'a Release) -> Self {
        Self {
            id: release.id.clone(),
            install: release.id.clone(),
            serves: Some(release),
            asked: Some(release),
            enabled: true,
            routed: true,
            leaving: false,
            left_alone: false,
        }
    }

    /// The version that is, or was before a pause, at work for the tenant.
    pub fn in_force(&self) -> Option<&'a Release> {
        self.serves.filter(|_| self.enabled)
    }

    /// That, or else what is to be.
    pub fn expected(&self) -> Option<&'a Release> {
        self.in_force().or(self.asked.filter(|_| self.enabled))
    }

    /// What answers now.
    pub fn answers(&self) -> Option<&'a Release> {
        self.serves.filter(|_| self.routed)
    }

    /// What others would miss if it went. Nothing of a suspended tenant answers, and all of it is to come
    /// back.
    pub fn missed(&self, suspended: bool) -> Option<&'a Release> {
        self.answers().or_else(|| self.in_force().filter(|_| suspended))
    }
}

/// What of all that is there a need finds.
#[derive(Clone, Copy, Debug)]
pub enum Offer<'a> {
    /// What it asks for.
    Met,
    /// Another version.
    Other(&'a Release),
    /// Nothing.
    Nothing,
}

/// What of these versions a need finds.
pub fn offer<'a>(need: &Need, releases: impl IntoIterator<Item = &'a Release>) -> Offer<'a> {
    let mut found = Offer::Nothing;
    for release in releases {
        if need.met_by(release) {
            return Offer::Met;
        }
        if need.concerns(release) && matches!(found, Offer::Nothing) {
            found = Offer::Other(release);
        }
    }
    found
}

/// An install at work that needs another.
#[derive(Clone, Debug)]
pub struct Dependent<'a> {
    /// Namespace and name.
    pub install: &'a str,
    /// Its version.
    pub release: &'a Release,
    /// What it needs.
    pub need: &'a Need,
    /// Whether it is being removed.
    pub leaving: bool,
}

impl fmt::Display for Dependent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}) → {}", self.release, self.install, self.need)
    }
}

/// Installs at work that need this version and find nothing else among `present`, which is without
/// the install it is about; of a [suspended](Present::missed) tenant what is to come back counts as what answers.
pub fn dependents<'a>(of: &Release, present: &'a [Present<'a>], suspended: bool) -> Vec<Dependent<'a>> {
    let mut found = Vec::new();
    for (one, release) in present.iter().zip(working(present, suspended)) {
        let Some(release) = release else { continue };
        for need in release.needs.iter().filter(|need| !need.optional && need.met_by(of)) {
            if !finds_another(need, present.iter(), suspended) {
                found.push(Dependent { install: &one.install, release, need, leaving: one.leaving });
            }
        }
    }
    found
}

/// All that works for the tenant: what is [in force](Present::in_force), and what serves on although it is disabled.
pub fn at_work<'a>(present: &[Present<'a>], suspended: bool) -> Vec<&'a Release> {
    working(present, suspended).into_iter().flatten().collect()
}

/// Of each what works: what is disabled serves on because others need it that work, or because nobody is to touch it.
fn working<'a>(present: &[Present<'a>], suspended: bool) -> Vec<Option<&'a Release>> {
    let left_alone = |one: &Present<'a>| one.answers().filter(|_| one.left_alone);
    let mut working: Vec<_> = present.iter().map(|one| one.in_force().or_else(|| left_alone(one))).collect();
    loop {
        let needed = present.iter().enumerate().find_map(|(at, one)| {
            let release = one.answers().filter(|_| working[at].is_none())?;
            let rest = || present.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, other)| other);
            let needs = working.iter().flatten().flat_map(|theirs| &theirs.needs);
            let mut needs = needs.filter(|need| !need.optional && need.met_by(release));
            needs.any(|need| !finds_another(need, rest(), suspended)).then_some((at, release))
        });
        let Some((at, release)) = needed else { return working };
        working[at] = Some(release);
    }
}

fn finds_another<'p, 'a: 'p>(need: &Need, present: impl Iterator<Item = &'p Present<'a>>, suspended: bool) -> bool {
    let others = present.filter(|other| !other.leaving).filter_map(|one| one.missed(suspended));
    matches!(offer(need, others), Offer::Met)
}

/// The first need of a version that finds not what it asks for among what answers, and what it finds.
/// Who is not at work yet does not begin to rely on what is being removed.
pub fn unmet<'a>(release: &'a Release, present: &[Present<'a>], at_work: bool) -> Option<(&'a Need, Offer<'a>)> {
    let there = || present.iter().filter(|one| at_work || !one.leaving).filter_map(Present::answers);
    release.needs.iter().map(|need| (need, offer(need, there()))).find(|(need, offer)| match offer {
        Offer::Met => false,
        Offer::Other(_) => true,
        Offer::Nothing => !need.optional,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dependency::fixture::{catalogue, install, present};

    #[test]
    fn what_serves_on_although_disabled_needs_what_it_needed() {
        let catalogue = catalogue(&["files 1.0.0", "crm 1.0.0: files ^1; index ^1", "index 1.0.0: crm ^1"]);
        let files = Present::of(&install("files ^1 @1.0.0"), &catalogue).serves.unwrap();
        let needs = |installs: &[&str]| -> Vec<String> {
            let present = present(installs, &catalogue);
            dependents(files, &present, false).iter().map(|one| one.install.to_owned()).collect()
        };
        let crm = ["tenant-acme/crm"];
        assert_eq!(needs(&["crm ^1 @1.0.0"]), crm);
        assert_eq!(needs(&["-crm ^1 @1.0.0"]), [""; 0]);
        assert_eq!(needs(&["-crm ^1 @1.0.0", "index ^1 @1.0.0"]), crm, "index needs it");
        assert_eq!(needs(&["-crm ^1 @1.0.0", "-index ^1 @1.0.0"]), [""; 0], "each for the other alone");
        let many: Vec<String> = (0..40).map(|_| "-index ^1 @1.0.0".to_owned()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).chain(["-crm ^1 @1.0.0"]).collect();
        assert_eq!(needs(&many), [""; 0], "however many there are");
        let mut left_alone = install("-crm ^1 @1.0.0");
        for (value, expected) in [("true", &crm[..]), ("false", &[])] {
            left_alone.metadata.annotations = Some([(PAUSED.to_owned(), value.to_owned())].into());
            let present = [Present::of(&left_alone, &catalogue)];
            let found: Vec<&str> = dependents(files, &present, false).iter().map(|one| one.install).collect();
            assert_eq!(found, expected, "{value}");
        }
    }
}
