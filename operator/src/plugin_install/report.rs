//! An install's status. Pure.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;
use plexica_contract::{name::PluginVersion, path};
use plexica_crds::{
    ConditionType, Conditions, CredentialStatus, PluginInstall, PluginInstallStatus, Reason,
    label::{ABANDON, CONSENT},
    plugin_install::{DatabaseStatus, Phase, RouteStatus, UpgradePhase},
};
use url::Url;

use super::{
    Step,
    configuration::{self, Configured, Seen},
    departure::Departure,
    plan::WORKLOAD,
    upgrade::{self, Consent},
    validate::Valid,
};
use crate::{
    drift::{self, Drift},
    problem::{Problem, Remedy, worst},
    resource::{self, abandoned_by},
};

/// Why an install is not routed that its spec does not want to be.
const DISABLED: &str = "spec.enabled is false; the data stays";
/// Why one is not whose tenant is suspended.
const SUSPENDED: &str = "the tenant is suspended; the data stays";

/// What came of applying the plan.
#[derive(Clone, Debug)]
pub enum Applied {
    /// It was to be brought up and routed.
    Served(Box<Served>),
    /// It was to keep its data and route nothing.
    Disabled(Disabled),
}

/// What came of each step.
#[derive(Clone, Debug)]
pub struct Served {
    /// Schema, role and credentials.
    pub database: Step<DatabaseStatus>,
    /// Where the healthy workload answers.
    pub workload: Step<Url>,
    /// The version the tenant's data is at.
    pub migrated: Step<PluginVersion>,
    /// Permissions.
    pub registered: Step<()>,
    /// Its configuration.
    pub configured: Step<Configured>,
    /// Of which restart processes are that start now.
    pub restart: Option<i64>,
    /// Whether new processes were wanted for that, and are begun.
    pub begun: bool,
    /// What it signs in with.
    pub credentials: Step<CredentialStatus>,
    /// What was changed behind the operator's back.
    pub drift: Drift,
    /// Why something that is of no more use is still there, if it is.
    pub left: Option<Problem>,
}

/// What came of disabling.
#[derive(Clone, Debug)]
pub struct Disabled {
    /// Whether the plugin knew if it ran, and runs for nobody any more.
    pub ended: Step<()>,
    /// What it would sign in with.
    pub credentials: Step<CredentialStatus>,
    /// Why something that is of no more use is still there, if it is.
    pub left: Option<Problem>,
}

impl Applied {
    /// What was changed behind the operator's back; nobody looks for it in what does not run.
    pub fn drift(&self) -> Option<&Drift> {
        match self {
            Self::Served(served) => Some(&served.drift),
            Self::Disabled(_) => None,
        }
    }

    /// Why something that is of no more use is still there: no fault of the install, and not to wait for a resync.
    pub fn left(&self) -> Option<&Problem> {
        match self {
            Self::Served(served) => served.left.as_ref(),
            Self::Disabled(disabled) => disabled.left.as_ref(),
        }
    }

    /// What is most in the way.
    pub fn worst(&self) -> Option<Problem> {
        let mut problems = self.problems();
        if let Self::Served(served) = self {
            problems.extend(served.configured.as_ref().err().map(|problem| problem.of_part("configuration")));
        }
        worst(&problems).cloned()
    }

    /// Every step to the version that failed, in order; those that only wait for it come after it.
    fn problems(&self) -> Vec<Problem> {
        match self {
            Self::Served(served) => {
                let Served {
                    database,
                    workload,
                    migrated,
                    registered,
                    configured: _, // no fault of the version
                    restart: _,
                    begun: _,
                    credentials: _,
                    drift: _,
                    left: _,
                } = &**served;
                [
                    database.as_ref().err().map(|problem| problem.of_part("database")),
                    workload.as_ref().err().map(|problem| problem.of_part("workload")),
                    migrated.as_ref().err().map(|problem| problem.of_part("plugin")),
                    registered.as_ref().err().map(|problem| problem.of_part("permissions")),
                ]
                .into_iter()
                .flatten()
                .collect()
            }
            Self::Disabled(Disabled { ended, credentials: _, left: _ }) => {
                ended.as_ref().err().map(|problem| problem.of_part("plugin")).into_iter().collect()
            }
        }
    }
}

/// The status after a plan was applied.
pub fn report(install: &PluginInstall, valid: &Valid, applied: &Applied, now: Timestamp) -> PluginInstallStatus {
    let last = install.status.clone().unwrap_or_default();
    let generation = install.metadata.generation;
    let mut conditions = Conditions::new(&last.conditions, generation, now);
    let version = &valid.manifest.version;
    let (reason, resolved) = valid.resolved();
    conditions.set_true(ConditionType::Resolved, reason, resolved);
    let mut next = PluginInstallStatus { observed_generation: generation, conditions: Vec::new(), ..last };
    // A consent that was taken back counts at once, whatever else fails.
    let Consent { permissions, events } = &valid.consent;
    // What another version does without, the one that serves still has.
    let serves_another = next.version.as_ref().is_some_and(|serving| *serving != version.to_string());
    let said = install.spec.granted_permissions.as_ref();
    let keeps = |key: &String| serves_another && said.is_none_or(|said| said.contains(key));
    next.permissions.retain(|key| permissions.granted.contains(key) || keeps(key));
    next.awaiting_consent.clone_from(&permissions.awaiting);
    next.events.retain(|event| events.granted.contains(event) || serves_another);
    next.awaiting_events.clone_from(&events.awaiting);
    let awaiting: Vec<String> = valid.consent.awaiting().collect();
    if !awaiting.is_empty() {
        let name =
            if permissions.awaiting.is_empty() { "" } else { "name permissions in spec.grantedPermissions, or " };
        let message = format!(
            "{} {version} asks for {}, which nobody has consented to: {name}set the annotation {CONSENT} to {version}.",
            valid.manifest.id,
            awaiting.join(", ")
        );
        conditions.set_true(ConditionType::ConsentRequired, Reason::ConsentRequired, message);
    }
    match applied {
        Applied::Served(served) => serving(&mut next, &mut conditions, valid, served),
        Applied::Disabled(Disabled { ended: _, credentials, left: _ }) => {
            next.route = None;
            // It is begun anew when it is wanted again.
            next.upgrade = next.upgrade.filter(|upgrade| upgrade.phase != UpgradePhase::Expanding);
            // Those before end although nothing is started with the new ones.
            if let (Ok(now), Some(last)) = (credentials, &mut next.credentials) {
                last.clone_from(now);
            }
            let (reason, why) = rest(valid.suspended);
            conditions.set_false(ConditionType::Routed, reason, why);
        }
    }
    // What a version asks for that does not serve is no news of the one that does.
    if next.version.as_ref() == Some(&version.to_string()) {
        next.asked = Some(upgrade::asks_for(&valid.manifest));
    }
    // Steps that wait for a failed one would only repeat it.
    let mut problems = applied.problems();
    // A configuration that is refused, or a version that was taken back, says nothing of what was looked at.
    let unseen = problems.first().cloned();
    if let Applied::Served(served) = applied {
        let Served { configured, restart, begun, .. } = &**served;
        let seen = Seen { configured, restart: *restart, begun: *begun, serves: problems.is_empty() };
        next.configuration = configuration::record(install, valid, seen);
        let brought = upgrade::Served { version, problem: problems.first(), rollout: &valid.rollout };
        (next.upgrade, next.oldest_version) = upgrade::record(install, brought, now);
        problems.extend(configuration::tell(&mut conditions, &served.configured, next.configuration.as_ref()));
    }
    let first: Vec<Problem> = problems.into_iter().chain(valid.taken_back.clone()).take(1).collect();
    if let Some(drift) = applied.drift() {
        next.applied.extend(drift.applied.clone());
        drift::mark(&mut conditions, drift, unseen.as_ref());
    }
    next.phase = Some(match overall(&mut conditions, &first) {
        Some(Remedy::Wait) => Phase::Installing,
        Some(Remedy::Retry) => Phase::Degraded,
        Some(Remedy::Change) => Phase::Stalled,
        None if valid.enabled => {
            let waits = valid.waits_for.as_ref().map(|wanted| format!("; {wanted} goes to other tenants first"));
            let message = format!("version {version} serves{}", waits.unwrap_or_default());
            conditions.set_true(ConditionType::Ready, Reason::Provisioned, message);
            Phase::Ready
        }
        None if valid.suspended => {
            let message = "suspended with its tenant: nothing is routed and the data stays, as the tenant's spec says";
            conditions.set_true(ConditionType::Ready, Reason::Suspended, message);
            Phase::Suspended
        }
        None => {
            let message = "disabled: nothing is routed and the data stays, as the spec says";
            conditions.set_true(ConditionType::Ready, Reason::Disabled, message);
            Phase::Disabled
        }
    });
    next.conditions = conditions.finish();
    next
}

fn serving(next: &mut PluginInstallStatus, conditions: &mut Conditions, valid: &Valid, served: &Served) {
    let Served {
        database,
        workload,
        migrated,
        registered,
        configured: _,
        restart: _,
        begun: _,
        credentials,
        drift: _,
        left: _,
    } = served;
    if let Ok(database) = database {
        next.database = Some(database.clone());
    }
    match workload {
        Ok(_) => conditions.set_true(ConditionType::WorkloadReady, Reason::Provisioned, ""),
        Err(problem) => conditions.set_false(ConditionType::WorkloadReady, problem.reason, &problem.message),
    }
    // What stands in the way of the data: the schema itself, or the plugin's migrations.
    match database.as_ref().err().or(migrated.as_ref().err()) {
        None => conditions.set_true(ConditionType::Migrated, Reason::Provisioned, ""),
        Some(problem) => conditions.set_false(ConditionType::Migrated, problem.reason, &problem.message),
    }
    if let Ok(version) = migrated {
        next.migrated_version = Some(version.to_string());
    }
    if let (Ok(endpoint), Ok(version), Ok(())) = (workload, migrated, registered) {
        next.version = Some(version.to_string());
        // What served before has those of before.
        next.credentials = credentials.as_ref().ok().cloned();
        next.permissions.clone_from(&valid.consent.permissions.granted);
        next.events.clone_from(&valid.consent.events.granted);
        let upstream = endpoint.as_str().trim_end_matches('/').to_owned();
        let since = next.route.take().and_then(|route| route.since);
        let (path, isolation) = (path::plugin_route(&valid.manifest.id), Some(valid.isolation));
        next.route = Some(RouteStatus { path, upstream, isolation, since });
    }
    routed(next, conditions, registered.as_ref().err());
}

/// Says of a route that is new when it began, which is when that is written: until then something else is asked.
pub fn date_route(install: &PluginInstall, next: &mut PluginInstallStatus, now: Timestamp) {
    let before = install.status.as_ref().and_then(|status| status.route.as_ref());
    if let Some(route) = &mut next.route
        && before.is_none_or(|before| before.upstream != route.upstream)
    {
        route.since = Some(Time(now));
    }
}

/// An earlier version goes on serving while a newer one is brought up.
fn routed(next: &PluginInstallStatus, conditions: &mut Conditions, problem: Option<&Problem>) {
    match (&next.route, &next.version, problem) {
        (Some(_), Some(version), _) => {
            conditions.set_true(ConditionType::Routed, Reason::Provisioned, format!("version {version} serves"));
        }
        (_, _, Some(problem)) => conditions.set_false(ConditionType::Routed, problem.reason, &problem.message),
        (..) => conditions.set_false(ConditionType::Routed, Reason::Pending, "not routed yet"),
    }
}

/// Why nothing is routed that could be.
const fn rest(suspended: bool) -> (Reason, &'static str) {
    if suspended { (Reason::Suspended, SUSPENDED) } else { (Reason::Disabled, DISABLED) }
}

/// The status of an install that cannot be, or not yet. What serves goes on, since what is in the way
/// may pass; but what the spec itself takes away is gone at once, and what another install is in
/// force for is not this one's.
pub fn invalid(install: &PluginInstall, problem: &Problem, suspended: bool, now: Timestamp) -> PluginInstallStatus {
    let mut next = install.status.clone().unwrap_or_default();
    let mut conditions = Conditions::new(&next.conditions, install.metadata.generation, now);
    conditions.set_false(ConditionType::Resolved, problem.reason, &problem.message);
    if problem.reason == Reason::InvalidConfig {
        conditions.set_false(ConditionType::Configured, problem.reason, &problem.message);
    }
    let spec = &install.spec;
    if let Some(granted) = &spec.granted_permissions {
        next.permissions.retain(|key| granted.contains(key));
    }
    if problem.reason == Reason::DuplicateInstall {
        next.permissions.clear();
        next.events.clear();
        next.route = None;
        conditions.set_false(ConditionType::Routed, problem.reason, &problem.message);
    } else if suspended || !spec.enabled {
        next.route = None;
        // What runs for nobody is ended next.
        next.applied.remove(WORKLOAD);
        let (reason, why) = rest(suspended);
        conditions.set_false(ConditionType::Routed, reason, why);
    } else if next.route.is_some() {
        routed(&next, &mut conditions, None);
    }
    let phase = match overall(&mut conditions, std::slice::from_ref(problem)) {
        Some(Remedy::Change) => Phase::Stalled,
        Some(Remedy::Retry) => Phase::Degraded,
        Some(Remedy::Wait) | None => Phase::Pending,
    };
    PluginInstallStatus {
        observed_generation: install.metadata.generation,
        phase: Some(phase),
        conditions: conditions.finish(),
        ..next
    }
}

/// The status of an install that is left alone: what serves goes on.
pub fn paused(install: &PluginInstall, now: Timestamp) -> PluginInstallStatus {
    let last = install.status.clone().unwrap_or_default();
    let holder = if resource::is_paused(install) {
        format!("plugininstall {}", install.name_any())
    } else {
        format!("tenant {}", install.spec.tenant_ref.name)
    };
    let conditions = resource::paused(install, &holder, &last.conditions, now);
    let phase = if install.metadata.deletion_timestamp.is_some() { Phase::Terminating } else { Phase::Paused };
    PluginInstallStatus { phase: Some(phase), conditions, ..last }
}

/// The status of an install whose route is taken away, before anything else is.
pub fn unrouted(install: &PluginInstall, suspended: bool, now: Timestamp) -> PluginInstallStatus {
    let last = install.status.clone().unwrap_or_default();
    let mut conditions = Conditions::new(&last.conditions, install.metadata.generation, now);
    let waits = Problem::new(Reason::Progressing, "the route is withdrawn");
    overall(&mut conditions, &[waits]);
    conditions.set_false(ConditionType::Routed, rest(suspended).0, "the route is withdrawn");
    PluginInstallStatus {
        observed_generation: install.metadata.generation,
        conditions: conditions.finish(),
        route: None,
        applied: drift::without(&last.applied, &[WORKLOAD]).unwrap_or(last.applied),
        ..last
    }
}

/// The status of an install that goes, before anything but its route has.
pub fn unrouted_for_good(install: &PluginInstall, now: Timestamp) -> PluginInstallStatus {
    let begun = Problem::new(Reason::Deleting, "its route is withdrawn.");
    leaving(install, &Departure { holding: Some(begun), parts: Vec::new() }, now)
}

/// The status of an install that goes: what holds it up, or what a person has given up of it, and each part's own.
pub fn leaving(install: &PluginInstall, departure: &Departure, now: Timestamp) -> PluginInstallStatus {
    let (reason, message) = match (&departure.holding, departure.given_up().as_slice()) {
        (Some(problem), _) => (problem.of_departure(), format!("being removed; {problem}")),
        (None, []) => (Reason::Deleting, "being removed".into()),
        (None, parts) => (Reason::Abandoned, given_up(install, parts)),
    };
    let last = install.status.clone().unwrap_or_default();
    let mut conditions = Conditions::new(&last.conditions, install.metadata.generation, now);
    conditions.set_false(ConditionType::Ready, reason, &message);
    if let Some(problem) = &departure.holding {
        conditions.set_true(problem.beside(), reason, message);
    }
    departure.tell(&last, &mut conditions);
    PluginInstallStatus {
        observed_generation: install.metadata.generation,
        phase: Some(Phase::Terminating),
        conditions: conditions.finish(),
        permissions: Vec::new(),
        events: Vec::new(),
        route: None,
        ..last
    }
}

fn given_up(install: &PluginInstall, parts: &[&str]) -> String {
    let by = abandoned_by(install).map(|by| format!(", set by means of {by},")).unwrap_or_default();
    let (parts, of) = (parts.join(" and "), install.spec.tenant_ref.name.as_str());
    format!("its {parts} was given up: the annotation {ABANDON}{by} of the install or of tenant {of} says so.")
}

/// Ready, and what kstatus reads beside it, for problems; what helps against the worst.
fn overall(conditions: &mut Conditions, problems: &[Problem]) -> Option<Remedy> {
    let problem = worst(problems)?;
    let Problem { reason, message, .. } = problem;
    conditions.set_false(ConditionType::Ready, *reason, message);
    conditions.set_true(problem.beside(), *reason, message);
    Some(problem.remedy())
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
