//! At which version an install is to be. Pure.

use std::sync::Arc;

use plexica_crds::{
    Plugin, PluginInstall, Reason,
    dependency::{Catalogue, Present, Release},
};

use super::{goes_back, of, was_taken_back};
use crate::{
    plugin::{self, rollout},
    plugin_install::resolve::{Resolved, resolve},
    problem::Problem,
};

/// The version an install is to be at now.
#[derive(Clone, Debug)]
pub struct Target<'a> {
    /// Its catalogue entry.
    pub plugin: &'a Plugin,
    /// What it needs.
    pub release: Release,
    /// What is to be said of it, though it may be.
    pub notice: Option<Problem>,
    /// Why it is not the one that the spec leads to.
    pub held: Option<Held<'a>>,
}

/// Why an install is not at the version that its spec leads to.
#[derive(Clone, Copy, Debug)]
pub enum Held<'a> {
    /// That one was tried, and taken back.
    TakenBack,
    /// That one goes to others first.
    Waiting(&'a Plugin),
}

/// The highest version that matches and breaks nobody, unless it was taken back here or goes to
/// others first.
///
/// # Errors
/// As [`resolve`].
pub fn target<'a>(
    install: &PluginInstall,
    entries: &'a [Arc<Plugin>],
    catalogue: &Catalogue,
    present: &[Present<'_>],
) -> Result<Target<'a>, Problem> {
    let id = install.spec.plugin.id.as_str();
    let entry = |version: &str| plugin::entry(entries, id, version);
    let stays = |version: &str, held| {
        let (plugin, release) = (entry(version)?, catalogue.get(id, version)?.clone());
        Some(Target { plugin, release, notice: None, held: Some(held) })
    };
    // What was decided is done, whatever others have come to need or to be meanwhile: the version that is
    // taken back is no better for them.
    let decided = of(install).filter(|upgrade| goes_back(install) && was_taken_back(install, &upgrade.to));
    if let Some(before) = decided.and_then(|upgrade| stays(&upgrade.from, Held::TakenBack)) {
        return Ok(before);
    }
    let Resolved { plugin: wanted, release, notice } = match resolve(install, entries, catalogue, present) {
        Ok(resolved) => resolved,
        // Who has gone back stays there, should the version that was taken back be one that cannot be by now.
        Err(problem) => {
            let back = of(install).filter(|upgrade| was_taken_back(install, &upgrade.to));
            return back.and_then(|upgrade| stays(&upgrade.from, Held::TakenBack)).ok_or(problem);
        }
    };
    if was_taken_back(install, &wanted.spec.version)
        && let Some(before) = of(install).and_then(|upgrade| stays(&upgrade.from, Held::TakenBack))
    {
        return Ok(before);
    }
    let whole = Target { plugin: wanted, release, notice, held: None };
    if rollout::admits(wanted, install) {
        return Ok(whole);
    }
    let closed =
        |release: &Release| entry(&release.version.to_string()).is_some_and(|plugin| !rollout::admits(plugin, install));
    let admitted = catalogue.clone().without(id, closed);
    let held = Some(Held::Waiting(wanted));
    let serving = install.status.as_ref().and_then(|status| status.version.as_deref());
    let onward = |next: &Plugin| serving.and_then(entry).is_none_or(|serving| !rollout::is_older(next, serving));
    match resolve(install, entries, &admitted, present) {
        // Who goes first leads nobody back.
        Ok(Resolved { plugin, release, notice }) if onward(plugin) => Ok(Target { plugin, release, notice, held }),
        // Nor has it a say over who has never been anywhere.
        Ok(_) | Err(Problem { reason: Reason::PluginNotFound, .. }) => {
            Ok(serving.and_then(|serving| stays(serving, Held::Waiting(wanted))).unwrap_or(whole))
        }
        Err(problem) => Err(problem),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use plexica_crds::plugin_install::{UpgradePhase, UpgradeStatus};
    use serde_json::json;

    fn canary(version: &str) -> Plugin {
        let mut plugin = fixture::plugin("crm", version);
        plugin.spec.rollout = Some(serde_json::from_value(json!({ "canary": { "tenants": ["first"] } })).unwrap());
        plugin
    }

    fn at(tenant: &str, version: Option<&str>) -> PluginInstall {
        let mut install = fixture::install("plexica-system", "it", tenant, "crm");
        install.spec.plugin.version = "*".into();
        install.status.get_or_insert_default().version = version.map(str::to_owned);
        install
    }

    fn found(install: &PluginInstall, catalogue: &[Plugin]) -> (String, Option<String>) {
        let entries: Vec<Arc<Plugin>> = catalogue.iter().cloned().map(Arc::new).collect();
        let catalogue = Catalogue::of(catalogue);
        let Target { plugin, held, .. } = target(install, &entries, &catalogue, &[]).unwrap();
        let held = held.map(|held| match held {
            Held::TakenBack => "taken back".to_owned(),
            Held::Waiting(wanted) => wanted.spec.version.clone(),
        });
        (plugin.spec.version.clone(), held)
    }

    fn is(version: &str, wanted: Option<&str>) -> (String, Option<String>) {
        (version.into(), wanted.map(str::to_owned))
    }

    #[test]
    fn who_goes_first_and_who_waits() {
        let catalogue = [fixture::plugin("crm", "1.0.0"), fixture::plugin("crm", "1.1.0"), canary("2.0.0")];
        let two = Some("2.0.0");
        for (install, expected) in [
            (at("first", Some("1.0.0")), is("2.0.0", None)),
            (at("other", Some("1.0.0")), is("1.1.0", two)),
            (at("other", Some("1.1.0")), is("1.1.0", two)),
            (at("other", None), is("1.1.0", two)),
            (at("other", two), is("2.0.0", None)),
        ] {
            assert_eq!(found(&install, &catalogue), expected, "{install:?}");
        }
        assert_eq!(found(&at("other", None), &[canary("2.0.0")]), is("2.0.0", None), "there is no other");
        let mut onward = at("other", Some("1.1.0"));
        onward.spec.plugin.version = "^2".into();
        assert_eq!(found(&onward, &catalogue), is("1.1.0", two), "what the spec asks for next has to wait");
        assert_eq!(found(&at("other", two), &[fixture::plugin("crm", "1.0.0"), canary("2.0.0")]), is("2.0.0", None));
    }

    #[test]
    fn what_was_taken_back_is_tried_again_when_somebody_asks() {
        let catalogue = [fixture::plugin("crm", "1.0.0"), fixture::plugin("crm", "2.0.0")];
        let mut install = at("acme", Some("1.0.0"));
        install.metadata.generation = Some(4);
        let taken_back =
            UpgradeStatus { attempts: 3, generation: Some(4), ..fixture::upgrade(UpgradePhase::RolledBack, 0) };
        install.status.as_mut().unwrap().upgrade = Some(taken_back);
        assert_eq!(found(&install, &catalogue), is("1.0.0", Some("taken back")));
        let mut newer = catalogue.to_vec();
        newer.push(fixture::plugin("crm", "2.0.1"));
        assert_eq!(found(&install, &newer), is("2.0.1", None), "another version is another try");
        assert_eq!(found(&install, &catalogue[1..]), is("2.0.0", None), "there is nothing to go back to");
        let mut asked = install.clone();
        asked.metadata.annotations = Some([(plexica_crds::label::RETRY_UPGRADE.to_owned(), "1".to_owned())].into());
        assert_eq!(found(&asked, &catalogue), is("2.0.0", None));
        install.metadata.generation = Some(5);
        assert_eq!(found(&install, &catalogue), is("2.0.0", None));
    }

    /// Version 2 of `crm` needs that of `files`, which was not well: `files` goes back, and so does `crm`
    /// whatever `files` is by then.
    #[test]
    fn who_goes_back_is_not_held_up_by_who_needs_it() {
        let mut crm = fixture::plugin("crm", "2.0.0");
        crm.spec.requires = serde_json::from_value(json!([{ "plugin": "files", "version": "^2" }])).unwrap();
        let mut old = fixture::plugin("crm", "1.0.0");
        old.spec.requires = serde_json::from_value(json!([{ "plugin": "files", "version": "^1" }])).unwrap();
        let all = [crm, old, fixture::plugin("files", "1.0.0"), fixture::plugin("files", "2.0.0")];
        let entries: Vec<Arc<Plugin>> = all.iter().cloned().map(Arc::new).collect();
        let catalogue = Catalogue::of(&all);
        let back = |id: &str, phase: UpgradePhase, migrated: &str| {
            let mut install = fixture::install("plexica-system", id, "acme", id);
            install.spec.plugin.version = "^2".into();
            let status = install.status.get_or_insert_default();
            (status.version, status.migrated_version) = (Some("2.0.0".into()), Some(migrated.into()));
            let upgrade = json!({ "from": "1.0.0", "to": "2.0.0", "phase": phase, "since": "2026-01-01T00:00:00Z", "generation": 1 });
            status.upgrade = Some(serde_json::from_value(upgrade).unwrap());
            install
        };
        for phase in [UpgradePhase::RollingBack, UpgradePhase::RolledBack] {
            // Its data is at either version, as far as it has come.
            for migrated in ["1.0.0", "2.0.0"] {
                for (one, other) in [("files", "crm"), ("crm", "files")] {
                    let (install, other) = (back(one, phase, migrated), back(other, UpgradePhase::Complete, "2.0.0"));
                    let mut beside = Present::of(&other, &catalogue);
                    for at in ["1.0.0", "2.0.0"] {
                        beside.serves = catalogue.get(&other.spec.plugin.id, at);
                        let found = target(&install, &entries, &catalogue, std::slice::from_ref(&beside));
                        let found = found.unwrap_or_else(|problem| panic!("{one} {phase:?} {migrated}: {problem}"));
                        assert_eq!(found.plugin.spec.version, "1.0.0", "{one} {phase:?} {migrated} beside {at}");
                        assert!(matches!(found.held, Some(Held::TakenBack)));
                    }
                }
            }
        }
    }
}
