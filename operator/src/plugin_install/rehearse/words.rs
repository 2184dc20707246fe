//! What would be done, in words. Pure.

use jiff::Timestamp;
use plexica_contract::{manifest::Reload, name::PluginId, path::plugin_route};
use plexica_crds::{
    PluginInstall, PluginInstallStatus,
    plugin_install::{Isolation, Phase},
    tenant::DeletionPolicy,
};

use super::Ahead;
use crate::{
    drift::{Course, Would},
    foresee::Foreseen,
    problem::Problem,
    resource::{is_rehearsed, rehearsed, with_problems, would},
};

/// The status that says it.
pub fn status(install: &PluginInstall, told: &str, now: Timestamp) -> PluginInstallStatus {
    let last = install.status.clone().unwrap_or_default();
    let of_tenant = format!(" of tenant {}", install.spec.tenant_ref.name);
    let holder = if is_rehearsed(install) { "" } else { of_tenant.as_str() };
    let conditions = rehearsed(install, holder, &last.conditions, told, now);
    let phase = if install.metadata.deletion_timestamp.is_some() { Phase::Terminating } else { Phase::Paused };
    PluginInstallStatus { phase: Some(phase), conditions, ..last }
}

/// Of an install that cannot be.
pub fn refused(Problem { reason, message, .. }: &Problem) -> String {
    format!("it would be refused ({reason}): {}.", message.trim_end_matches('.'))
}

/// Of an install that goes.
pub fn removed(install: &PluginInstall, needed: Option<&Problem>) -> String {
    let status = install.status.clone().unwrap_or_default();
    let mut told: Vec<String> = status.route.map(|route| format!("take {} away", route.path)).into_iter().collect();
    told.extend(status.database.map(|database| match install.spec.deletion_policy {
        DeletionPolicy::Retain => format!("keep the schema {} and mark it retained", database.schema),
        DeletionPolicy::Delete => format!("remove the schema {} with its data for good", database.schema),
    }));
    with_problems(&would(&told), needed.map(std::slice::from_ref).unwrap_or_default())
}

/// Of an install that stays.
pub fn done(install: &PluginInstall, foreseen: &Foreseen, ahead: &Ahead) -> String {
    // What it may use of the tenant's data is nothing that would be done: a plan says it.
    let Foreseen { version, permissions, events, consent, data: _, migrations, routed, configuration, notice } =
        foreseen;
    let status = install.status.clone().unwrap_or_default();
    let id = &install.spec.plugin.id;
    let route = id.parse::<PluginId>().map(|id| plugin_route(&id)).unwrap_or_default();
    let mut told = Vec::new();
    let lost: Vec<&str> =
        status.permissions.iter().filter(|key| !permissions.contains(key)).map(String::as_str).collect();
    if *routed {
        match &status.version {
            None => told.push(format!("install {id} {version}")),
            Some(from) if from != version => told.push(format!("bring {id} from {from} to {version}")),
            Some(_) => {}
        }
        told.extend(served(install, version, ahead));
        if status.version.as_ref() != Some(version) && !migrations.is_empty() {
            told.push(format!("migrate by {}", migrations.join(", ")));
        }
        if !consent.is_empty() {
            told.push(format!("ask for consent to {}", consent.join(", ")));
        }
        let new: Vec<&str> =
            permissions.iter().filter(|key| !status.permissions.contains(key)).map(String::as_str).collect();
        if !new.is_empty() {
            told.push(format!("grant {}", new.join(", ")));
        }
        let new: Vec<&str> = events.iter().filter(|event| !status.events.contains(event)).map(String::as_str).collect();
        if !new.is_empty() {
            told.push(format!("tell it of {}", new.join(", ")));
        }
        told.extend(configuration.map(|reload| match reload {
            Reload::Live => "put another configuration in force".to_owned(),
            Reload::Ask => format!("ask {id} about another configuration, for which it may be started again"),
            Reload::Restart => format!("put another configuration in force by starting {id} again"),
        }));
        if status.route.is_none() {
            told.push(format!("route {route}"));
        }
    } else if status.route.is_some() {
        told.push(format!("take {route} away and end its workload; the data stays"));
    }
    if !lost.is_empty() {
        told.push(format!("take away {}", lost.join(", ")));
    }
    let notice = notice.as_ref().map(|notice| format!(" ({notice})")).unwrap_or_default();
    with_problems(&format!("{}{notice}", would(&told)), &ahead.problems)
}

/// Who serves the tenant, by what, and what is written for that.
fn served(install: &PluginInstall, version: &str, ahead: &Ahead) -> Vec<String> {
    let PluginInstall { spec, status, .. } = install;
    let serving = status.as_ref().filter(|status| status.route.is_some()).and_then(|status| status.version.as_deref());
    let tenant = &spec.tenant_ref.name;
    let mut told = Vec::new();
    if ahead.moves && serving.is_some() {
        told.push(match spec.isolation {
            Isolation::Dedicated => {
                format!("serve {tenant} by a workload of its own and not by the one that is shared")
            }
            Isolation::Shared => format!("serve {tenant} by the workload that is shared and not by one of its own"),
        });
    }
    told.extend(ahead.credentials.clone());
    told.extend(ahead.database.iter().chain(&ahead.permissions).map(Would::in_words));
    told.extend(ahead.workload.as_ref().map(|would| match would.course {
        Course::Apply if serving == Some(version) && !ahead.moves => {
            let sharers = if spec.isolation == Isolation::Shared { " for all tenants that share it" } else { "" };
            format!("start {} again{sharers} ({})", spec.plugin.id, would.changes.to_do())
        }
        Course::Apply | Course::Repair | Course::Report => would.in_words(),
    }));
    told
}

#[cfg(test)]
#[path = "words_tests.rs"]
mod tests;
