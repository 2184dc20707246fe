//! What follows from how a version does that serves now. Pure.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use plexica_backends::workloads::State;
use plexica_contract::name::PluginVersion;
use plexica_crds::{
    PluginInstall, PluginInstallStatus,
    plugin::Rollout,
    plugin_install::{UpgradePhase, UpgradeStatus},
};

use super::{SETTLED, of, retry};

/// How long it may be unwell before it is taken back: pods are moved and processes restarted.
const GRACE: Duration = Duration::from_secs(5);
/// The longest between two looks at it.
const LOOK: Duration = Duration::from_secs(30);

/// How the version that serves does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// It serves this tenant.
    Well,
    /// It does not, and why.
    Unwell(String),
    /// Its cluster says that it does not come up, and why.
    Failing(String),
    /// It cannot be known now: what it stands on is away itself.
    Unknown,
}

impl Health {
    /// From its workload, and from what it says about the tenant where requests go.
    pub fn of(workload: &State, tenant: Result<(), String>) -> Self {
        match (workload, tenant) {
            // Whatever becomes of other copies of it, such as those with newer credentials.
            (_, Ok(())) => Self::Well,
            (State::Failing(why), Err(_)) => Self::Failing(why.clone()),
            (State::Ready { .. } | State::Starting(_) | State::Absent, Err(why)) => Self::Unwell(why),
        }
    }
}

/// The version that serves, and what may become of it.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// It.
    pub version: &'a PluginVersion,
    /// How tenants are brought to it.
    pub rollout: &'a Rollout,
    /// Whether it has contract steps that have not run.
    pub contracts: bool,
    /// Whether the version before can be gone back to.
    pub way_back: bool,
}

/// The next status of an upgrade whose new version serves, if anything follows.
pub fn advance(
    install: &PluginInstall,
    subject: Subject<'_>,
    health: &Health,
    now: Timestamp,
) -> Option<PluginInstallStatus> {
    let upgrade = of(install).filter(|upgrade| upgrade.phase == UpgradePhase::Baking)?;
    if upgrade.to != subject.version.to_string() {
        return None;
    }
    let status = install.status.clone().unwrap_or_default();
    let next = |upgrade: UpgradeStatus| Some(PluginInstallStatus { upgrade: Some(upgrade), ..status.clone() });
    let forgiven = || {
        upgrade.unhealthy_since.as_ref()?;
        next(UpgradeStatus { unhealthy_since: None, ..upgrade.clone() })
    };
    let (why, at_once) = match health {
        Health::Unknown => return forgiven(),
        Health::Well if now < ends(upgrade, subject.rollout) => return forgiven(),
        Health::Well => return Some(well(status, upgrade, subject, now)),
        Health::Unwell(why) => (why, false),
        Health::Failing(why) => (why, true),
    };
    let since = upgrade.unhealthy_since.as_ref().map_or(now, |since| since.0);
    if subject.way_back && (at_once || now >= since + GRACE) {
        return next(UpgradeStatus {
            phase: UpgradePhase::RollingBack,
            since: Time(now),
            unhealthy_since: None,
            message: Some(format!("it did not stay well: {}", why.trim_end_matches('.'))),
            // It is the spec of now that it cannot serve.
            generation: install.metadata.generation,
            retry: retry(install).cloned(),
            ..upgrade.clone()
        });
    }
    match upgrade.unhealthy_since {
        Some(_) => None,
        None => next(UpgradeStatus { unhealthy_since: Some(Time(now)), ..upgrade.clone() }),
    }
}

fn well(
    status: PluginInstallStatus,
    upgrade: &UpgradeStatus,
    subject: Subject<'_>,
    now: Timestamp,
) -> PluginInstallStatus {
    let done = |phase| UpgradeStatus { phase, since: Time(now), unhealthy_since: None, ..upgrade.clone() };
    if !subject.contracts {
        return PluginInstallStatus { upgrade: Some(done(UpgradePhase::Complete)), ..status };
    }
    // Before the first of these steps: from there on nothing older can serve.
    let oldest_version = Some(subject.version.to_string());
    PluginInstallStatus { upgrade: Some(done(UpgradePhase::Contracting)), oldest_version, ..status }
}

/// When the version before is not kept any longer.
fn ends(upgrade: &UpgradeStatus, rollout: &Rollout) -> Timestamp {
    upgrade.since.0 + rollout.bake().max(SETTLED)
}

/// When an upgrade wants to be looked at again, whether or not anything changes.
pub fn look_again(install: &PluginInstall, rollout: &Rollout, now: Timestamp) -> Option<Timestamp> {
    let upgrade = of(install)?;
    // What is not routed does not bake.
    install.status.as_ref()?.route.as_ref()?;
    match upgrade.phase {
        UpgradePhase::Baking if upgrade.unhealthy_since.is_some() => Some(now + GRACE / 5),
        // Often at first, when most of what goes wrong does.
        UpgradePhase::Baking => {
            let so_far = Duration::try_from(now.duration_since(upgrade.since.0)).unwrap_or_default();
            let look = ends(upgrade, rollout).min(now + so_far.clamp(SETTLED, LOOK));
            // It has ended, and nobody can say how the version does.
            Some(if look > now { look } else { now + SETTLED })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{super::was_unwell, *};
    use crate::fixture;
    use plexica_crds::plugin_install::RouteStatus;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn baking() -> PluginInstall {
        let mut install = fixture::install("plexica-system", "it", "acme", "crm");
        let status = install.status.get_or_insert_default();
        status.version = Some("2.0.0".into());
        status.route =
            Some(RouteStatus { path: "/".into(), upstream: "http://x".into(), isolation: None, since: None });
        status.oldest_version = Some("1.0.0".into());
        status.upgrade = Some(fixture::upgrade(UpgradePhase::Baking, 100));
        install
    }

    #[test]
    fn unwell_is_who_was_at_the_look_before_as_well() {
        let mut install = baking();
        assert!(!was_unwell(&install));
        install.status.as_mut().unwrap().upgrade.as_mut().unwrap().unhealthy_since = Some(Time(at(110)));
        assert!(was_unwell(&install), "the version before is started again, before it has to serve");
        install.status = None;
        assert!(!was_unwell(&install));
    }

    /// Applies what follows, and says what it was.
    fn follow(install: &mut PluginInstall, contracts: bool, health: &Health, now: i64) -> Option<UpgradePhase> {
        let (rollout, version) = (Rollout { bake_seconds: 60, ..Rollout::default() }, "2.0.0".parse().unwrap());
        let subject = Subject { version: &version, rollout: &rollout, contracts, way_back: true };
        install.status = Some(advance(install, subject, health, at(now))?);
        of(install).map(|upgrade| upgrade.phase)
    }

    #[test]
    fn what_stays_well_is_done_after_a_while() {
        let mut install = baking();
        assert_eq!(follow(&mut install, false, &Health::Well, 159), None);
        assert_eq!(follow(&mut install, false, &Health::Unknown, 1000), None, "nobody knows how it does");
        assert_eq!(follow(&mut install, false, &Health::Well, 160), Some(UpgradePhase::Complete));
        assert_eq!(install.status.as_ref().unwrap().oldest_version.as_deref(), Some("1.0.0"), "it can still go back");
        let mut install = baking();
        assert_eq!(follow(&mut install, true, &Health::Well, 160), Some(UpgradePhase::Contracting));
        assert_eq!(install.status.as_ref().unwrap().oldest_version.as_deref(), Some("2.0.0"));
        assert_eq!(follow(&mut install, true, &Health::Failing("it crashes".into()), 170), None, "too late");
    }

    #[test]
    fn what_does_not_goes_back() {
        let unwell = Health::Unwell("503.".into());
        let mut install = baking();
        assert_eq!(follow(&mut install, true, &unwell, 110), Some(UpgradePhase::Baking));
        assert_eq!(follow(&mut install, true, &unwell, 112), None);
        assert_eq!(follow(&mut install, true, &Health::Well, 113), Some(UpgradePhase::Baking), "a hiccup");
        assert_eq!(follow(&mut install, true, &Health::Well, 114), None);
        assert_eq!(follow(&mut install, true, &unwell, 120), Some(UpgradePhase::Baking));
        assert_eq!(follow(&mut install, true, &Health::Unknown, 124), Some(UpgradePhase::Baking), "Postgres was away");
        assert_eq!(follow(&mut install, true, &unwell, 130), Some(UpgradePhase::Baking));
        install.metadata.generation = Some(7);
        assert_eq!(follow(&mut install, true, &unwell, 135), Some(UpgradePhase::RollingBack));
        assert!(super::super::was_taken_back(&install, "2.0.0"), "whatever was written into the spec meanwhile");
        assert_eq!(of(&install).unwrap().message.as_deref(), Some("it did not stay well: 503"));

        let mut install = baking();
        let failing = Health::Failing("it crashes".into());
        assert_eq!(follow(&mut install, true, &failing, 101), Some(UpgradePhase::RollingBack));

        let (rollout, version) = (Rollout::default(), "2.0.0".parse().unwrap());
        let subject = Subject { version: &version, rollout: &rollout, contracts: true, way_back: false };
        let nowhere = advance(&baking(), subject, &failing, at(101)).unwrap();
        assert_eq!(nowhere.upgrade.unwrap().phase, UpgradePhase::Baking, "there is nothing to go back to");
    }

    #[test]
    fn what_it_says_itself_counts() {
        let ready = State::Ready { endpoint: "http://here".parse().unwrap() };
        let (starting, failing) = (State::Starting("soon".into()), State::Failing("it crashes".into()));
        for state in [&ready, &starting, &State::Absent, &failing] {
            assert_eq!(Health::of(state, Ok(())), Health::Well);
        }
        for state in [&ready, &starting, &State::Absent] {
            assert_eq!(Health::of(state, Err("503".into())), Health::Unwell("503".into()));
        }
        assert_eq!(Health::of(&failing, Err("503".into())), Health::Failing("it crashes".into()));
    }

    #[test]
    fn when_to_look_again() {
        let rollout = Rollout { bake_seconds: 60, ..Rollout::default() };
        let mut install = baking();
        for (now, then) in [(100, 102), (110, 120), (150, 160), (200, 202)] {
            assert_eq!(look_again(&install, &rollout, at(now)), Some(at(then)), "{now}");
        }
        let status = install.status.as_mut().unwrap();
        let route = status.route.take();
        assert_eq!(look_again(&install, &rollout, at(110)), None, "it is not routed");
        let status = install.status.as_mut().unwrap();
        status.route = route;
        status.upgrade.as_mut().unwrap().phase = UpgradePhase::Complete;
        assert_eq!(look_again(&install, &rollout, at(110)), None);
    }
}
