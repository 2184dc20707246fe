//! How another configuration comes into force. Pure.

use plexica_contract::{
    lifecycle::{Action, Request},
    manifest::Reload,
};
use plexica_crds::{
    ConditionType, Conditions, PluginInstall, Reason,
    plugin_install::{ConfigurationStatus, FormerConfiguration, Restart},
};
use serde_json::Value;

use super::{Step, desired, validate::Valid};
use crate::problem::Problem;

/// What is to be done about the configuration.
#[derive(Clone, Debug)]
pub enum Change {
    /// It is in force.
    Keep,
    /// It is the first of a version that is brought up with it.
    Begin,
    /// It is to be, at once: nobody is asked.
    Take,
    /// It is to be in processes that are started from now on.
    Restart,
    /// The plugin is to be asked.
    Ask(Box<Request>),
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Configured {
    /// It was in force.
    Kept,
    /// It is.
    Taken,
    /// It is in processes that are started from now on.
    Restart,
}

/// What is in force for the version that is to serve, as far as it is known.
fn last<'a>(install: &'a PluginInstall, valid: &Valid) -> Option<&'a ConfigurationStatus> {
    let last = install.status.as_ref()?.configuration.as_ref()?;
    (last.version == valid.manifest.version.to_string()).then_some(last)
}

/// What lifecycle calls tell the version that is to serve: not what it has not been asked about.
pub fn told<'a>(install: &'a PluginInstall, valid: &'a Valid) -> &'a Value {
    last(install, valid).map_or(&valid.config, |last| &last.value)
}

/// How the wanted configuration comes into force, if another one is. A new version starts with it.
pub fn other(install: &PluginInstall, valid: &Valid) -> Option<Reload> {
    let in_force = install.status.as_ref()?.configuration.as_ref()?;
    let reload = valid.manifest.configuration.as_ref().map(|configuration| configuration.reload);
    let reload = if last(install, valid).is_some() { reload.unwrap_or_default() } else { Reload::Live };
    (in_force.value != valid.config).then_some(reload)
}

/// What is to be done.
pub fn change(install: &PluginInstall, valid: &Valid) -> Change {
    let Some(ConfigurationStatus { value, .. }) = last(install, valid) else { return Change::Begin };
    match other(install, valid) {
        None => Change::Keep,
        Some(Reload::Live) => Change::Take,
        Some(Reload::Restart) => Change::Restart,
        Some(Reload::Ask) => Change::Ask(Box::new(Request {
            previous_config: Some(value.clone()),
            ..desired::call(valid, Action::Configure)
        })),
    }
}

/// What comes of a change while the workload does not come up: what it was told may be why, so that another
/// configuration does not wait for that. Processes that start are asked nothing.
pub fn without_workload(change: &Change, why: &Problem) -> Option<Configured> {
    match change {
        Change::Keep => Some(Configured::Kept),
        Change::Take => Some(Configured::Taken),
        Change::Restart => Some(Configured::Restart),
        Change::Ask(_) if why.reason == Reason::WorkloadFailed => Some(Configured::Restart),
        Change::Ask(_) | Change::Begin => None,
    }
}

/// Whether the plugin is to be started again, which is decided and not begun.
pub fn wants_restart(install: &PluginInstall, valid: &Valid) -> bool {
    last(install, valid).is_some_and(|last| last.restart == Some(Restart::Wanted))
}

/// What is known when it is recorded.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// What came of the change.
    pub configured: &'a Step<Configured>,
    /// Of which restart processes are that start now, if it is known.
    pub restart: Option<i64>,
    /// Whether new processes were wanted, and that is the restart that was begun for it.
    pub begun: bool,
    /// Whether what is to serve does.
    pub serves: bool,
}

/// The next record of what is in force.
pub fn record(install: &PluginInstall, valid: &Valid, seen: Seen<'_>) -> Option<ConfigurationStatus> {
    let Seen { configured, restart: number, begun, serves } = seen;
    let before = install.status.as_ref().and_then(|status| status.configuration.clone());
    let restart = match configured {
        Err(_) | Ok(Configured::Kept) => {
            let before = before?;
            let restart = match before.restart {
                Some(Restart::Wanted) if !begun => Some(Restart::Wanted),
                Some(_) if !serves => Some(Restart::Rolling),
                Some(_) | None => None,
            };
            let is_of_the_spec = configured.is_ok() && before.value == install.spec.config;
            let generation = if is_of_the_spec { install.metadata.generation } else { before.generation };
            let since_restart = number.filter(|_| begun).or(before.since_restart);
            return Some(ConfigurationStatus { generation, restart, since_restart, ..before });
        }
        Ok(Configured::Taken) => None,
        Ok(Configured::Restart) => Some(Restart::Wanted),
    };
    let version = valid.manifest.version.to_string();
    // Who went back has what it had, and not what the spec says.
    let is_of_the_spec = valid.config == install.spec.config;
    Some(ConfigurationStatus {
        generation: install.metadata.generation.filter(|_| is_of_the_spec),
        value: valid.config.clone(),
        restart,
        // What a version is brought up with all its processes have: before that they were told what the spec said
        // then.
        since_restart: number.filter(|_| last(install, valid).is_none()),
        before: before.and_then(|last| {
            let former = FormerConfiguration { version: last.version, value: last.value };
            if former.version == version { last.before } else { Some(former) }
        }),
        version,
    })
}

/// Says so, and what is in the way.
pub fn tell(
    conditions: &mut Conditions,
    configured: &Step<Configured>,
    next: Option<&ConfigurationStatus>,
) -> Option<Problem> {
    let restarts = next.is_some_and(|next| next.restart.is_some());
    let waits = || Problem::new(Reason::Progressing, "the plugin is started again for its configuration.");
    let problem = configured.as_ref().err().cloned().or_else(|| restarts.then(waits));
    if let Some(Problem { reason, message, .. }) = &problem {
        conditions.set_false(ConditionType::Configured, *reason, message);
    } else {
        let generation = next.and_then(|next| next.generation);
        let message = generation.map(|generation| format!("that of generation {generation} is in force"));
        conditions.set_true(ConditionType::Configured, Reason::Provisioned, message.unwrap_or_default());
    }
    problem.map(|problem| problem.of_part("configuration"))
}

#[cfg(test)]
#[path = "configuration_tests.rs"]
mod tests;
