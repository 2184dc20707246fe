//! The search behind [`super::solve`]: versions from the highest down, back to who is to blame.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use semver::VersionReq;

use super::{Catalogue, Conflict, Need, Offer, On, Present, Release, Wanted, circle, offer, solve::by_id};

/// As many chains as a person reads.
const TOLD: usize = 4;

/// A version that was decided on.
#[derive(Clone, Debug)]
pub struct Decided<'a> {
    pub release: &'a Release,
    /// Who needs it first.
    pub by: Option<&'a Release>,
}

/// What is looked for, and among what.
pub struct Search<'s, 'a> {
    catalogue: &'a Catalogue,
    wanted: BTreeMap<&'s str, &'s VersionReq>,
    order: Vec<&'s str>,
    with_dependencies: bool,
    /// What the tenant has and keeps.
    kept: Vec<(&'a Release, bool)>,
    /// What it has and is wanted in another version.
    former: Vec<&'a Release>,
    /// What it has and nobody can rely on, and why.
    useless: BTreeMap<String, &'static str>,
    /// What was found to lead nowhere.
    dead_ends: RefCell<Vec<DeadEnd<'a>>>,
}

/// Versions that, together, no others go with; and why.
struct DeadEnd<'a> {
    together: Vec<&'a Release>,
    chains: Vec<String>,
}

/// Why a part of the search came to nothing.
#[derive(Default)]
struct Failure {
    /// The decisions that are to blame.
    blame: BTreeSet<String>,
    chains: Vec<String>,
}

impl Failure {
    fn absorb(&mut self, other: Self) {
        self.blame.extend(other.blame);
        self.chains.extend(other.chains.into_iter().filter(|chain| !self.chains.contains(chain)).collect::<Vec<_>>());
    }

    fn of(blame: impl IntoIterator<Item = String>, chain: String) -> Self {
        Self { blame: blame.into_iter().collect(), chains: vec![chain] }
    }
}

/// What is to be decided next.
struct Open<'a> {
    id: String,
    by: Option<(&'a Release, &'a Need)>,
}

impl<'s, 'a> Search<'s, 'a> {
    pub fn new(
        catalogue: &'a Catalogue,
        present: &[Present<'a>],
        wanted: &'s [Wanted],
        with_dependencies: bool,
    ) -> Self {
        let asked = by_id(wanted);
        let (ours, others): (Vec<_>, Vec<_>) = present.iter().partition(|one| asked.contains_key(one.id.as_str()));
        let useless = others.iter().filter_map(|one| match (one.leaving, one.enabled) {
            (true, _) => Some((one.id.clone(), "is being removed")),
            (false, false) => Some((one.id.clone(), "is installed and disabled")),
            (false, true) => None,
        });
        Self {
            catalogue,
            order: wanted.iter().map(|one| one.id.as_str()).collect(),
            with_dependencies,
            useless: useless.collect(),
            kept: others
                .iter()
                .filter(|one| !one.leaving)
                .filter_map(|one| Some((one.expected()?, one.in_force().is_some())))
                .collect(),
            former: ours.iter().filter_map(|one| one.in_force()).collect(),
            wanted: asked,
            dead_ends: RefCell::default(),
        }
    }

    pub fn run(&self) -> Result<Vec<Decided<'a>>, Conflict> {
        let mut decided = Vec::new();
        match self.extend(&mut decided) {
            Ok(()) => Ok(decided),
            Err(mut failure) => {
                failure.chains.truncate(TOLD);
                Err(Conflict(failure.chains))
            }
        }
    }

    fn extend(&self, decided: &mut Vec<Decided<'a>>) -> Result<(), Failure> {
        let Some(open) = self.open(decided)? else { return Ok(()) };
        let mut failure = Failure::default();
        for release in self.catalogue.versions(&open.id).iter().filter(|release| self.may_be(release)) {
            let known = || self.dead_end(release, decided);
            if let Some(obstacle) = self.obstacle(release, &open, decided).or_else(known) {
                failure.absorb(obstacle);
                continue;
            }
            decided.push(Decided { release, by: open.by.map(|(by, _)| by) });
            let Err(deeper) = self.extend(decided) else { return Ok(()) };
            self.learn(&deeper, decided);
            decided.pop();
            // Whatever is decided here, it would fail again.
            if !deeper.blame.contains(&open.id) {
                return Err(deeper);
            }
            failure.absorb(deeper);
        }
        if failure.chains.is_empty() {
            failure.chains.push(self.nothing(&open, decided));
        }
        failure.blame.remove(&open.id);
        failure.blame.extend(open.by.into_iter().flat_map(|(by, need)| blamed(need, [&by.id], decided)));
        Err(failure)
    }

    fn learn(&self, failure: &Failure, decided: &[Decided<'a>]) {
        let together = decided.iter().map(|one| one.release).filter(|release| failure.blame.contains(&release.id));
        self.dead_ends.borrow_mut().push(DeadEnd { together: together.collect(), chains: failure.chains.clone() });
    }

    /// Whether it was tried before, beside those that were to blame.
    fn dead_end(&self, release: &Release, decided: &[Decided<'a>]) -> Option<Failure> {
        let is_here = |one: &&Release| *one == release || decided.iter().any(|decided| decided.release == *one);
        let dead_ends = self.dead_ends.borrow();
        let found = dead_ends.iter().find(|end| end.together.contains(&release) && end.together.iter().all(is_here))?;
        let blame = found.together.iter().filter(|one| **one != release).map(|one| one.id.clone());
        Some(Failure { blame: blame.collect(), chains: found.chains.clone() })
    }

    /// A version that is yanked only where it runs.
    fn may_be(&self, release: &Release) -> bool {
        !release.leaving && (release.yanked.is_none() || self.former.contains(&release))
    }

    /// The first that is wanted or needed and not decided on.
    fn open(&self, decided: &[Decided<'a>]) -> Result<Option<Open<'a>>, Failure> {
        let is_open = |id: &str| decided.iter().all(|one| one.release.id != id);
        if let Some(id) = self.order.iter().find(|id| is_open(id)) {
            return Ok(Some(Open { id: (*id).to_owned(), by: None }));
        }
        for by in decided.iter().map(|one| one.release) {
            for need in by.needs.iter().filter(|need| !need.optional) {
                if matches!(offer(need, self.there(decided)), Offer::Met) {
                    continue;
                }
                let id = self.provider(by, need, decided)?;
                if let Some(why) = self.useless.get(&id) {
                    let chain = format!("{}, but {id} {why}", path(by, need, decided));
                    return Err(Failure::of([by.id.clone()], chain));
                }
                if !self.with_dependencies {
                    let chain = format!("{}, which is not installed", path(by, need, decided));
                    return Err(Failure::of([by.id.clone()], chain));
                }
                return Ok(Some(Open { id, by: Some((by, need)) }));
            }
        }
        Ok(None)
    }

    /// Who can meet it.
    fn provider(&self, by: &Release, need: &Need, decided: &[Decided<'a>]) -> Result<String, Failure> {
        let fail = |what: String| {
            let chain = format!("{}, {what}", path(by, need, decided));
            // Another version of any that were decided on might have met it.
            Failure::of(decided.iter().map(|one| one.release.id.clone()), chain)
        };
        let name = match &need.on {
            On::Plugin(id) => return Ok(id.clone()),
            On::Interface(name) => name,
        };
        match self.catalogue.who_meets(need).as_slice() {
            [] => Err(fail("which no plugin in the catalogue provides".to_owned())),
            [one] if decided.iter().any(|decided| decided.release.id == *one) => {
                Err(fail(format!("which {one} provides in another version than is chosen")))
            }
            [one] if self.kept.iter().any(|(kept, _)| kept.id == *one) => {
                Err(fail(format!("which {one} provides in another version than is installed")))
            }
            [one] => Ok((*one).to_owned()),
            several => Err(fail(format!("and {} provide {name}: install one of them", several.join(", ")))),
        }
    }

    fn there(&self, decided: &[Decided<'a>]) -> impl Iterator<Item = &'a Release> {
        let kept = self.kept.iter().map(|(release, _)| *release);
        kept.chain(decided.iter().map(|one| one.release)).collect::<Vec<_>>().into_iter()
    }

    /// Why a version does not fit to what is kept and decided.
    fn obstacle(&self, release: &'a Release, open: &Open<'a>, decided: &[Decided<'a>]) -> Option<Failure> {
        let version = release.version.semver();
        if let Some(requirement) = self.wanted.get(release.id.as_str())
            && !requirement.matches(version)
        {
            return Some(Failure::default());
        }
        // Who asked is to blame anyway when all fail.
        if open.by.is_some_and(|(_, need)| !need.met_by(release)) {
            return Some(Failure::default());
        }
        let wants = self.wants(release, open, decided);
        for one in decided {
            if let Some(need) = one.release.needs.iter().find(|need| clashes(need, release, self.there(decided))) {
                let chain = format!("{wants}, but {}", path(one.release, need, decided));
                return Some(Failure::of(blamed(need, [&one.release.id], decided), chain));
            }
        }
        for (kept, _) in self.kept.iter().filter(|(_, in_force)| *in_force) {
            let broken =
                |need: &&Need| clashes(need, release, self.there(decided)) || self.loses(need, release, decided);
            if let Some(need) = kept.needs.iter().find(broken) {
                let chain = format!("{wants}, but {kept} (installed) → {need}");
                return Some(Failure::of(blamed(need, [], decided), chain));
            }
        }
        for need in &release.needs {
            let found = offer(need, self.there(decided));
            // Another may come that provides the interface; not another version of a plugin.
            if let (Offer::Other(other), true) = (found, matches!(need.on, On::Plugin(_)) || need.optional) {
                let chosen = decided.iter().find(|one| one.release.id == other.id);
                let who = match chosen.map(|one| one.by) {
                    None => format!("{other} is installed"),
                    Some(None) => format!("{other} is asked for"),
                    Some(Some(by)) => format!("{by} needs {other}"),
                };
                let chain = format!("{}{release} → {need}, but {who}", prefix(open, decided));
                return Some(Failure::of(blamed(need, chosen.map(|one| &one.release.id), decided), chain));
            }
        }
        let there: Vec<&Release> = self.there(decided).collect();
        circle(release, &there).map(|chain| {
            let blame = decided.iter().map(|one| one.release.id.clone());
            Failure::of(blame, format!("the requirements go in a circle: {chain}"))
        })
    }

    /// Whether somebody who is kept had an interface of the version before, and nobody else's.
    fn loses(&self, need: &Need, release: &'a Release, decided: &[Decided<'a>]) -> bool {
        let former = self.former.iter().any(|former| former.id == release.id && need.met_by(former));
        former && !need.optional && !matches!(offer(need, self.there(decided).chain([release])), Offer::Met)
    }

    /// Who asks for it, as the head of a chain.
    fn wants(&self, release: &Release, open: &Open<'a>, decided: &[Decided<'a>]) -> String {
        match (open.by, self.wanted.get(release.id.as_str())) {
            (Some((by, need)), _) => path(by, need, decided),
            (None, Some(requirement)) => format!("{} {requirement} is asked for", release.id),
            (None, None) => release.to_string(),
        }
    }

    /// Why no version came into question.
    fn nothing(&self, open: &Open<'a>, decided: &[Decided<'a>]) -> String {
        let asks = |release: &Release| match open.by {
            Some((_, need)) => need.met_by(release),
            None => self.wanted.get(open.id.as_str()).is_none_or(|asked| asked.matches(release.version.semver())),
        };
        let wants = match open.by {
            Some((by, need)) => path(by, need, decided),
            None => self.wanted.get(open.id.as_str()).map_or_else(String::new, |asked| format!("{} {asked}", open.id)),
        };
        let versions = self.catalogue.versions(&open.id);
        if let Some(yanked) = versions.iter().find(|release| release.yanked.is_some() && asks(release)) {
            let why = yanked.yanked.as_deref().unwrap_or_default();
            return format!("{wants}, and {yanked} is yanked ({why})");
        }
        let there_is: Vec<String> = versions.iter().rev().map(|release| release.version.to_string()).collect();
        match there_is.as_slice() {
            [] => format!("{wants}, and the catalogue has no {}", open.id),
            some => format!("{wants}, and the catalogue has {} {}", open.id, some.join(", ")),
        }
    }
}

/// Who is to blame for a need that is not met: any other version of any plugin might have provided an
/// interface.
fn blamed<'r>(need: &Need, who: impl IntoIterator<Item = &'r String>, decided: &[Decided<'_>]) -> Vec<String> {
    match need.on {
        On::Plugin(_) => who.into_iter().cloned().collect(),
        On::Interface(_) => decided.iter().map(|one| one.release.id.clone()).collect(),
    }
}

/// Whether the need is of this plugin and not of this version, and nobody else there meets it.
fn clashes<'a>(need: &Need, release: &'a Release, there: impl Iterator<Item = &'a Release>) -> bool {
    let strict = matches!(need.on, On::Plugin(_)) || need.optional;
    strict && need.concerns(release) && !matches!(offer(need, there.chain([release])), Offer::Met)
}

/// `crm 2.0.0 → mail ^1, mail 1.1.0 → files ^2`: from what was asked for to the need.
fn path(by: &Release, need: &Need, decided: &[Decided<'_>]) -> String {
    format!("{}{by} → {need}", above(by, decided))
}

fn prefix(open: &Open<'_>, decided: &[Decided<'_>]) -> String {
    open.by.map_or_else(String::new, |(by, need)| format!("{}, ", path(by, need, decided)))
}

fn above(release: &Release, decided: &[Decided<'_>]) -> String {
    let by = decided.iter().find(|one| one.release.id == release.id).and_then(|one| one.by);
    let Some(by) = by else { return String::new() };
    let need = by.needs.iter().find(|need| need.met_by(release));
    need.map_or_else(String::new, |need| format!("{}, ", path(by, need, decided)))
}
