//! What stands in the status after a step. Pure.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use plexica_contract::name::PluginVersion;
use plexica_crds::{
    PluginInstall, Reason,
    plugin::Rollout,
    plugin_install::{RightsStatus, UpgradePhase, UpgradeStatus},
};

use super::{of, retry};
use crate::problem::Problem;

/// How often a plugin may fail to bring a tenant's data to a new version.
const ATTEMPTS: i32 = 3;

/// What came of bringing an install to a version.
#[derive(Clone, Copy, Debug)]
pub struct Served<'a> {
    /// The version.
    pub version: &'a PluginVersion,
    /// What was in the way, if it does not serve.
    pub problem: Option<&'a Problem>,
    /// How its tenants are brought to it.
    pub rollout: &'a Rollout,
}

/// The next upgrade, and the oldest version that can serve.
pub fn record(install: &PluginInstall, served: Served<'_>, now: Timestamp) -> (Option<UpgradeStatus>, Option<String>) {
    let Served { version, problem, rollout } = served;
    let last = install.status.clone().unwrap_or_default();
    let serving = last.version.as_deref().and_then(|serving| serving.parse::<PluginVersion>().ok());
    let new = |from: &PluginVersion, to: &PluginVersion, phase| UpgradeStatus {
        from: from.to_string(),
        to: to.to_string(),
        phase,
        since: Time(now),
        attempts: 0,
        unhealthy_since: None,
        message: None,
        generation: install.metadata.generation,
        retry: retry(install).cloned(),
        granted: of(install).filter(|last| last.from == from.to_string()).and_then(|last| last.granted.clone()),
    };
    match (serving, problem) {
        // Nothing older ever served this data, as far as anybody knows.
        (None, None) => (last.upgrade, last.oldest_version.or_else(|| Some(version.to_string()))),
        (Some(serving), None) if serving == *version => {
            (stayed(last.upgrade, version, last.route.is_some(), now), last.oldest_version)
        }
        (Some(serving), None) if serving < *version => {
            let oldest = last.oldest_version.or_else(|| Some(serving.to_string()));
            let granted = Some(RightsStatus { permissions: last.permissions, events: last.events });
            (Some(UpgradeStatus { granted, ..new(&serving, version, UpgradePhase::Baking) }), oldest)
        }
        (Some(serving), None) => {
            let back = back(last.upgrade, new(version, &serving, UpgradePhase::RollingBack));
            (Some(UpgradeStatus { phase: UpgradePhase::RolledBack, since: Time(now), ..back }), last.oldest_version)
        }
        (Some(serving), Some(problem)) if serving < *version => {
            let begun = of(install).filter(|upgrade| {
                upgrade.phase == UpgradePhase::Expanding
                    && upgrade.to == version.to_string()
                    && upgrade.generation == install.metadata.generation
                    && upgrade.retry.as_ref() == retry(install)
            });
            let begun = begun.cloned().unwrap_or_else(|| new(&serving, version, UpgradePhase::Expanding));
            (Some(failed(begun, problem, rollout, now)), last.oldest_version)
        }
        (Some(serving), Some(_)) if serving > *version => {
            let back = back(last.upgrade, new(version, &serving, UpgradePhase::RollingBack));
            (Some(back), last.oldest_version)
        }
        (_, Some(_)) => (last.upgrade, last.oldest_version),
    }
}

/// The way back that was decided already, or this one, which the spec asks for.
fn back(last: Option<UpgradeStatus>, asked: UpgradeStatus) -> UpgradeStatus {
    let same = |upgrade: &UpgradeStatus| {
        upgrade.phase == UpgradePhase::RollingBack && (&upgrade.from, &upgrade.to) == (&asked.from, &asked.to)
    };
    last.filter(same)
        .unwrap_or_else(|| UpgradeStatus { message: Some(format!("the spec asks for {}", asked.from)), ..asked })
}

/// The version that served before serves, and was routed all the time or not.
fn stayed(
    upgrade: Option<UpgradeStatus>,
    version: &PluginVersion,
    routed: bool,
    now: Timestamp,
) -> Option<UpgradeStatus> {
    let upgrade = upgrade?;
    let done = |phase| UpgradeStatus { phase, since: Time(now), ..upgrade.clone() };
    let (from, to) = (upgrade.from == version.to_string(), upgrade.to == version.to_string());
    match upgrade.phase {
        UpgradePhase::RollingBack if from => Some(done(UpgradePhase::RolledBack)),
        // Somebody has asked for it all the same, or nobody has asked of it anything for a while.
        UpgradePhase::RollingBack if to => Some(done(UpgradePhase::Baking)),
        UpgradePhase::Baking if !routed => Some(done(UpgradePhase::Baking)),
        // What comes back is told to go on first; contract steps are the next call.
        UpgradePhase::Contracting if to && routed => Some(done(UpgradePhase::Complete)),
        // Nobody wants the other version any more.
        UpgradePhase::Expanding => None,
        _ => Some(upgrade),
    }
}

fn failed(upgrade: UpgradeStatus, problem: &Problem, rollout: &Rollout, now: Timestamp) -> UpgradeStatus {
    let refused = problem.reason == Reason::MigrationFailed;
    let attempts = upgrade.attempts + i32::from(refused);
    // A system that is away is not the version's fault, and a migration may take its time.
    let its_own =
        refused || matches!(problem.reason, Reason::WorkloadNotReady | Reason::WorkloadFailed | Reason::Pending);
    let failing = upgrade.unhealthy_since.clone().filter(|_| its_own);
    let late = failing.as_ref().is_some_and(|since| now >= since.0 + rollout.progress_deadline());
    if attempts < ATTEMPTS && !late {
        let unhealthy_since = if its_own { failing.or(Some(Time(now))) } else { None };
        return UpgradeStatus { attempts, unhealthy_since, ..upgrade };
    }
    let message = problem.message.trim_end_matches('.');
    UpgradeStatus {
        phase: UpgradePhase::RollingBack,
        since: Time(now),
        attempts,
        unhealthy_since: None,
        message: Some(if late { format!("it did not come up in time: {message}") } else { message.to_owned() }),
        ..upgrade
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use plexica_crds::plugin_install::RouteStatus;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn serving(version: Option<&str>) -> PluginInstall {
        let mut install = fixture::install("plexica-system", "it", "acme", "crm");
        install.status.get_or_insert_default().version = version.map(str::to_owned);
        install
    }

    /// Applies what stands in the status after that, and says what it is.
    fn step(install: &mut PluginInstall, version: &str, problem: Option<Reason>, now: i64) -> Option<UpgradePhase> {
        let problem = problem.map(|reason| Problem::new(reason, "why."));
        let (version, rollout) = (version.parse().unwrap(), Rollout::default());
        let served = Served { version: &version, problem: problem.as_ref(), rollout: &rollout };
        let (upgrade, oldest) = record(install, served, at(now));
        let status = install.status.as_mut().unwrap();
        (status.upgrade, status.oldest_version) = (upgrade, oldest);
        if problem.is_none() {
            status.version = Some(version.to_string());
            status.route =
                Some(RouteStatus { path: "/".into(), upstream: "http://x".into(), isolation: None, since: None });
        }
        status.upgrade.as_ref().map(|upgrade| upgrade.phase)
    }

    fn oldest(install: &PluginInstall) -> Option<&str> {
        install.status.as_ref()?.oldest_version.as_deref()
    }

    #[test]
    fn a_first_install_is_no_upgrade() {
        let mut install = serving(None);
        assert_eq!(step(&mut install, "1.0.0", Some(Reason::MigrationFailed), 1), None);
        assert_eq!(step(&mut install, "1.0.0", None, 2), None);
        assert_eq!(oldest(&install), Some("1.0.0"));
        assert_eq!(step(&mut install, "1.0.0", None, 3), None);
    }

    #[test]
    fn expand_bake_and_contract() {
        let mut install = serving(Some("1.0.0"));
        assert_eq!(step(&mut install, "2.0.0", Some(Reason::WorkloadNotReady), 1), Some(UpgradePhase::Expanding));
        assert_eq!(step(&mut install, "2.0.0", None, 5), Some(UpgradePhase::Baking));
        let upgrade = of(&install).unwrap().clone();
        assert_eq!((upgrade.from.as_str(), upgrade.to.as_str(), upgrade.since.0), ("1.0.0", "2.0.0", at(5)));
        assert_eq!(oldest(&install), Some("1.0.0"));
        assert_eq!(step(&mut install, "2.0.0", None, 6), Some(UpgradePhase::Baking), "time alone ends it");
        install.status.as_mut().unwrap().upgrade.as_mut().unwrap().phase = UpgradePhase::Contracting;
        assert_eq!(step(&mut install, "2.0.0", Some(Reason::MigrationFailed), 7), Some(UpgradePhase::Contracting));
        assert_eq!(step(&mut install, "2.0.0", None, 8), Some(UpgradePhase::Complete));
        assert_eq!(step(&mut install, "2.0.0", None, 9), Some(UpgradePhase::Complete));
    }

    #[test]
    fn what_fails_is_given_up() {
        use UpgradePhase::{Expanding, RolledBack, RollingBack};
        let mut install = serving(Some("1.0.0"));
        for (now, phase) in [(1, Expanding), (2, Expanding), (3, RollingBack)] {
            assert_eq!(step(&mut install, "2.0.0", Some(Reason::MigrationFailed), now), Some(phase));
        }
        assert_eq!(of(&install).unwrap().message.as_deref(), Some("why"));
        assert_eq!(step(&mut install, "1.0.0", None, 4), Some(RolledBack));
        assert_eq!(step(&mut install, "1.0.0", None, 5), Some(RolledBack));

        let mut install = serving(Some("1.0.0"));
        for (now, reason, phase) in [
            (1, Reason::WorkloadFailed, Expanding),
            (600, Reason::WorkloadFailed, Expanding),
            (602, Reason::BackendUnavailable, Expanding),
            (2000, Reason::Progressing, Expanding),
            (2001, Reason::WorkloadNotReady, Expanding),
            (2601, Reason::WorkloadNotReady, RollingBack),
        ] {
            assert_eq!(step(&mut install, "2.0.0", Some(reason), now), Some(phase), "{now}");
        }
        assert_eq!(of(&install).unwrap().message.as_deref(), Some("it did not come up in time: why"));
    }

    #[test]
    fn what_was_not_routed_has_not_baked_and_is_contracted_when_it_is() {
        use UpgradePhase::{Baking, Complete, Contracting};
        let mut install = serving(Some("1.0.0"));
        assert_eq!(step(&mut install, "2.0.0", None, 5), Some(Baking));
        install.status.as_mut().unwrap().route = None;
        assert_eq!(step(&mut install, "2.0.0", None, 1000), Some(Baking));
        assert_eq!(of(&install).unwrap().since.0, at(1000), "it begins anew");
        install.status.as_mut().unwrap().upgrade.as_mut().unwrap().phase = Contracting;
        install.status.as_mut().unwrap().route = None;
        assert_eq!(step(&mut install, "2.0.0", None, 1001), Some(Contracting), "it was only told to go on");
        assert_eq!(step(&mut install, "2.0.0", None, 1002), Some(Complete));
    }

    #[test]
    fn what_is_asked_for_while_it_goes_back_bakes_again() {
        let mut install = serving(Some("2.0.0"));
        step(&mut install, "2.0.0", None, 1);
        let mut upgrade = fixture::upgrade(UpgradePhase::RollingBack, 1);
        install.status.as_mut().unwrap().upgrade = Some(upgrade.clone());
        assert_eq!(step(&mut install, "2.0.0", None, 9), Some(UpgradePhase::Baking));
        upgrade.phase = UpgradePhase::RollingBack;
        install.status.as_mut().unwrap().upgrade = Some(upgrade);
        assert_eq!(step(&mut install, "1.0.0", None, 10), Some(UpgradePhase::RolledBack));
    }

    #[test]
    fn another_try_counts_anew() {
        let mut install = serving(Some("1.0.0"));
        for now in 1..3 {
            step(&mut install, "2.0.0", Some(Reason::MigrationFailed), now);
        }
        install.metadata.generation = Some(2);
        let phase = step(&mut install, "2.0.0", Some(Reason::MigrationFailed), 3);
        assert_eq!((phase, of(&install).unwrap().attempts), (Some(UpgradePhase::Expanding), 1));
        assert_eq!(step(&mut install, "1.0.0", None, 4), None, "the spec does not want it any more");
    }

    #[test]
    fn back_as_the_spec_asks() {
        let mut install = serving(Some("2.0.0"));
        install.status.as_mut().unwrap().oldest_version = Some("1.0.0".into());
        let failing = Some(Reason::WorkloadNotReady);
        assert_eq!(step(&mut install, "1.0.0", failing, 1), Some(UpgradePhase::RollingBack));
        assert_eq!(step(&mut install, "1.0.0", failing, 2), Some(UpgradePhase::RollingBack));
        assert_eq!(of(&install).unwrap().since.0, at(1), "it is the same way back");
        assert_eq!(step(&mut install, "1.0.0", None, 3), Some(UpgradePhase::RolledBack));
        let upgrade = of(&install).unwrap();
        assert_eq!((upgrade.from.as_str(), upgrade.to.as_str()), ("1.0.0", "2.0.0"));
        assert_eq!(upgrade.message.as_deref(), Some("the spec asks for 1.0.0"));
        assert_eq!(oldest(&install), Some("1.0.0"));
    }
}
