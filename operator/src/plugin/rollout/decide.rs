//! How far a version's rollout is, and who may follow. Pure.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use plexica_crds::{
    Plugin, PluginInstall,
    dependency::Catalogue,
    plugin::{RolloutPhase, RolloutStatus},
    plugin_install::{Phase, UpgradePhase},
};

use super::{canary, goes_first};
use crate::plugin_install::{leads_to, was_taken_back};

/// How many tenants are named in words where it failed.
const NAMED: usize = 10;

/// The state of a rollout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// As it stands in the status; none if nobody is concerned.
    pub status: Option<RolloutStatus>,
    /// When time alone changes it.
    pub by: Option<Timestamp>,
}

/// Where the entry's rollout stands among all installs of the plugin.
pub fn decide(plugin: &Plugin, installs: &[&PluginInstall], catalogue: &[&Plugin], now: Timestamp) -> Decided {
    let version = plugin.spec.version.as_str();
    let alone = Catalogue::of(catalogue.iter().copied()).needing_nothing();
    let concerned: Vec<&PluginInstall> =
        installs.iter().copied().filter(|install| leads_to(install, &alone, version)).collect();
    if concerned.is_empty() && plugin.spec.rollout.is_none() {
        return Decided { status: None, by: None };
    }
    let tenant = |install: &PluginInstall| install.spec.tenant_ref.name.clone();
    let migrated = |install: &&PluginInstall| is_at(install, version);
    let last = plugin.status.as_ref().and_then(|status| status.rollout.as_ref());
    let stopped = last.filter(|last| last.phase == RolloutPhase::Stopped);
    let had_failed = |install: &PluginInstall| stopped.is_some_and(|last| last.failed.contains(&tenant(install)));
    // Until it is known how another try ends, or while it does not try at all, it has failed.
    let is_open = |install: &PluginInstall| had_failed(install) && !is_at(install, version);
    let has_failed = |install: &&&PluginInstall| was_taken_back(install, version) || is_open(install);
    let mut failed: Vec<String> = concerned.iter().filter(has_failed).map(|install| tenant(install)).collect();
    failed.sort_unstable();
    // Who rests comes to it when it goes on, whenever that is: nobody waits for it.
    let total = concerned.iter().copied().filter(|one| runs(one) || migrated(one)).count();
    let there = concerned.iter().copied().filter(|one| migrated(one)).count();
    let mut message = format!("migrated {there}/{total}");
    if !failed.is_empty() {
        let more = if failed.len() > NAMED { ", …" } else { "" };
        let named = failed.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
        message = format!("{message}, {} failed: {named}{more}", failed.len());
    }

    let (mut phase, mut baking_since, mut by) = (RolloutPhase::Open, None, None);
    if let Some(canary) = canary(plugin) {
        let first = concerned.iter().copied().filter(|one| runs(one));
        let first = first.filter(|one| goes_first(canary, &plugin.spec.id, &one.spec.tenant_ref.name));
        let first: Vec<&PluginInstall> = first.collect();
        let ahead = first.iter().copied().filter(|one| migrated(one)).count();
        // One that goes first and has come there by another try proves itself anew.
        let proven = !first.iter().any(|one| had_failed(one));
        let since = last.and_then(|last| last.baking_since.as_ref()).map(|since| since.0).filter(|_| proven);
        let opened = last.is_some_and(|last| last.phase == RolloutPhase::Open);
        if opened || (ahead == first.len() && !first.is_empty()) {
            let since = since.unwrap_or(now);
            let ends = since + canary.bake();
            baking_since = Some(Time(since));
            if !opened && now < ends {
                (phase, by) = (RolloutPhase::Canary, Some(ends));
            }
        } else {
            phase = RolloutPhase::Canary;
        }
        if !failed.is_empty() {
            (phase, by) = (RolloutPhase::Stopped, None);
        }
        match phase {
            RolloutPhase::Canary if first.is_empty() => {
                message.push_str("; nobody who goes first has it installed, so all others wait");
            }
            RolloutPhase::Canary => message = format!("{message}; {ahead} of {} that go first", first.len()),
            RolloutPhase::Stopped => message.push_str("; nobody else takes it until that is mended"),
            RolloutPhase::Open => {}
        }
    }
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let status = RolloutStatus { phase, total: count(total), migrated: count(there), failed, baking_since, message };
    Decided { status: Some(status), by }
}

/// Whether anything is brought anywhere for it: nobody waits for what is disabled, suspended or paused.
fn runs(install: &PluginInstall) -> bool {
    let rests = [Phase::Disabled, Phase::Suspended, Phase::Paused];
    let phase = install.status.as_ref().and_then(|status| status.phase);
    install.spec.enabled && phase.is_none_or(|phase| !rests.contains(&phase))
}

/// Whether the version serves the install, and is not about to be taken back.
fn is_at(install: &PluginInstall, version: &str) -> bool {
    install.status.as_ref().is_some_and(|status| {
        let leaves = status.upgrade.as_ref().is_some_and(|upgrade| upgrade.phase == UpgradePhase::RollingBack);
        status.version.as_deref() == Some(version) && !leaves
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use serde_json::json;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn canary() -> Plugin {
        let mut plugin = fixture::plugin("crm", "2.0.0");
        let rollout = json!({ "canary": { "tenants": ["first", "second"], "bakeSeconds": 60 } });
        plugin.spec.rollout = Some(serde_json::from_value(rollout).unwrap());
        plugin
    }

    fn install(tenant: &str, version: &str) -> PluginInstall {
        let mut install = fixture::install("plexica-system", tenant, tenant, "crm");
        install.status.get_or_insert_default().version = Some(version.into());
        install
    }

    fn taken_back(tenant: &str) -> PluginInstall {
        let mut install = install(tenant, "1.0.0");
        install.status.as_mut().unwrap().upgrade = Some(fixture::upgrade(UpgradePhase::RolledBack, 0));
        install
    }

    /// Decides, keeps it as the entry's status, and says what it is.
    fn step(plugin: &mut Plugin, installs: &[PluginInstall], now: i64) -> (RolloutPhase, String) {
        let old = fixture::plugin("crm", "1.0.0");
        let installs: Vec<&PluginInstall> = installs.iter().collect();
        let seen = plugin.clone();
        let decided = decide(&seen, &installs, &[&old, &seen], at(now));
        plugin.status.get_or_insert_default().rollout.clone_from(&decided.status);
        let status = decided.status.unwrap();
        (status.phase, status.message)
    }

    #[test]
    fn the_first_ones_the_others_and_what_stops_them() {
        let all = |versions: [&str; 4]| -> Vec<PluginInstall> {
            ["first", "second", "third", "fourth"].iter().zip(versions).map(|(name, at)| install(name, at)).collect()
        };
        let mut plugin = canary();
        for (now, installs, phase, message) in [
            (0, all(["1.0.0"; 4]), RolloutPhase::Canary, "migrated 0/4; 0 of 2 that go first"),
            (10, all(["2.0.0", "1.0.0", "1.0.0", "1.0.0"]), RolloutPhase::Canary, "migrated 1/4; 1 of 2 that go first"),
            (20, all(["2.0.0", "2.0.0", "1.0.0", "1.0.0"]), RolloutPhase::Canary, "migrated 2/4; 2 of 2 that go first"),
            (79, all(["2.0.0", "2.0.0", "1.0.0", "1.0.0"]), RolloutPhase::Canary, "migrated 2/4; 2 of 2 that go first"),
            (80, all(["2.0.0", "2.0.0", "1.0.0", "1.0.0"]), RolloutPhase::Open, "migrated 2/4"),
            (81, all(["2.0.0", "2.0.0", "2.0.0", "1.0.0"]), RolloutPhase::Open, "migrated 3/4"),
        ] {
            assert_eq!(step(&mut plugin, &installs, now), (phase, message.to_owned()), "{now}");
        }
        let mut broken = all(["2.0.0", "2.0.0", "2.0.0", "1.0.0"]);
        broken[3] = taken_back("fourth");
        let stopped = "migrated 3/4, 1 failed: fourth; nobody else takes it until that is mended";
        assert_eq!(step(&mut plugin, &broken, 82), (RolloutPhase::Stopped, stopped.to_owned()));
        let mut again = broken.clone();
        again[3].metadata.generation = Some(7);
        assert!(!was_taken_back(&again[3], "2.0.0"), "it tries again");
        assert_eq!(step(&mut plugin, &again, 82), (RolloutPhase::Stopped, stopped.to_owned()), "nobody knows yet");
        assert_eq!(
            step(&mut plugin.clone(), &all(["2.0.0"; 4]), 82),
            (RolloutPhase::Open, "migrated 4/4".to_owned()),
            "it has come there"
        );
        let mut rests = again.clone();
        rests[3].spec.enabled = false;
        assert_eq!(step(&mut plugin.clone(), &rests, 82).0, RolloutPhase::Stopped, "who is disabled proves nothing");
        assert_eq!(step(&mut plugin.clone(), &again[..3], 82).0, RolloutPhase::Open, "it is gone");
        broken[3].spec.plugin.version = "=1.0.0".into();
        assert_eq!(step(&mut plugin, &broken, 83), (RolloutPhase::Open, "migrated 3/3".to_owned()));
    }

    #[test]
    fn one_that_goes_first_and_tried_again_bakes_anew() {
        let mut plugin = canary();
        let there = ["first", "second", "third"].map(|name| install(name, "2.0.0"));
        assert_eq!(step(&mut plugin, &there, 10).0, RolloutPhase::Canary);
        let mut failed = there.clone();
        failed[0] = taken_back("first");
        assert_eq!(step(&mut plugin, &failed, 20).0, RolloutPhase::Stopped);
        assert_eq!(step(&mut plugin, &there, 100).0, RolloutPhase::Canary);
        assert_eq!(step(&mut plugin, &there, 159).0, RolloutPhase::Canary);
        assert_eq!(step(&mut plugin, &there, 160).0, RolloutPhase::Open);
    }

    #[test]
    fn without_a_canary_nobody_waits_and_progress_is_told() {
        let mut plugin = fixture::plugin("crm", "2.0.0");
        let installs = [install("a", "2.0.0"), taken_back("b"), install("c", "1.0.0")];
        let message = "migrated 1/3, 1 failed: b".to_owned();
        assert_eq!(step(&mut plugin, &installs, 1), (RolloutPhase::Open, message));
        let nobody = decide(&plugin, &[], &[&plugin], at(1));
        assert_eq!(nobody, Decided { status: None, by: None });
    }

    #[test]
    fn who_runs_a_yanked_version_is_at_it_and_on_the_way_to_no_other() {
        let (mut new, old) = (fixture::plugin("crm", "2.0.0"), fixture::plugin("crm", "1.0.0"));
        new.spec.yanked = Some(serde_json::from_value(json!({ "reason": "it loses notes" })).unwrap());
        // What it needs is no matter of who is led there.
        new.spec.requires = serde_json::from_value(json!([{ "plugin": "files", "version": "^1" }])).unwrap();
        let mut there = install("a", "2.0.0");
        there.spec.plugin.version = "*".into();
        there.status.as_mut().unwrap().migrated_version = Some("2.0.0".into());
        let mut behind = install("b", "1.0.0");
        behind.spec.plugin.version = "*".into();
        let installs = [&there, &behind];
        let counted = |plugin: &Plugin| decide(plugin, &installs, &[&old, &new], at(1)).status.unwrap().message;
        assert_eq!(counted(&new), "migrated 1/1");
        assert_eq!(counted(&old), "migrated 1/1");
        let yank = new.spec.yanked.take();
        assert_eq!(decide(&new, &installs, &[&old, &new], at(1)).status.unwrap().message, "migrated 1/2");
        assert!(yank.is_some());
    }

    #[test]
    fn nobody_waits_for_who_rests() {
        let mut rests = install("second", "1.0.0");
        rests.status.as_mut().unwrap().phase = Some(Phase::Suspended);
        let all = [install("first", "2.0.0"), rests, install("third", "1.0.0")];
        let (phase, message) = step(&mut canary(), &all, 1);
        assert_eq!((phase, message.as_str()), (RolloutPhase::Canary, "migrated 1/2; 1 of 1 that go first"));
    }

    #[test]
    fn where_nobody_goes_first_all_wait_and_are_told_so() {
        let (phase, message) = step(&mut canary(), &[install("third", "1.0.0")], 1);
        assert_eq!(phase, RolloutPhase::Canary);
        assert!(message.contains("nobody who goes first"), "{message}");
    }
}
