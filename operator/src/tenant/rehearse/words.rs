//! What would be done, in words. Pure.

use kube::ResourceExt;
use plexica_backends::ownership::Parting;
use plexica_crds::{
    PluginInstall, Reason, Tenant,
    label::{DRY_RUN, PAUSED},
    tenant::DeletionPolicy,
};

use super::{Departing, Foreseen};
use crate::{
    drift::Would,
    problem::Problem,
    resource::{is_paused, is_rehearsed, with_problems, would},
};

/// Of a tenant that stays.
pub fn staying(tenant: &Tenant, installs: &[PluginInstall], foreseen: &Foreseen) -> String {
    let Foreseen { parts, credentials, plan, plugins_told, problems } = foreseen;
    let mut told: Vec<String> = credentials.clone();
    told.extend(parts.iter().map(Would::in_words));
    told.extend(plan.as_ref().map(|(next, before)| match before {
        Some(before) if before != next => format!("put the plan {next} in force instead of {before}"),
        Some(_) => format!("put the plan {next} in force as it is defined now"),
        None => format!("put the plan {next} in force"),
    }));
    let plugins = |wanted: &dyn Fn(&PluginInstall) -> bool| {
        let all: Vec<&str> =
            installs.iter().filter(|install| wanted(install)).map(|install| install.spec.plugin.id.as_str()).collect();
        (!all.is_empty()).then(|| all.join(", "))
    };
    let runs = |install: &PluginInstall| install.spec.enabled && install.metadata.deletion_timestamp.is_none();
    match (tenant.is_suspended(), tenant.spec.suspend) {
        (false, true) => {
            told.push("refuse its users' requests".into());
            let routed = plugins(&|install| install.status.as_ref().is_some_and(|status| status.route.is_some()));
            told.extend(routed.map(|all| format!("take the routes of {all} away and end their workloads")));
        }
        (true, false) => {
            told.push("let its users in again".into());
            told.extend(plugins(&runs).map(|all| format!("start {all} and route them")));
        }
        (false, false) if *plugins_told => {
            told.extend(plugins(&runs).map(|all| format!("tell {all} what the plan allows")));
        }
        (true, true) | (false, false) => {}
    }
    with_problems(&would(&told), problems)
}

/// Of a tenant whose spec cannot be.
pub fn refused(Problem { reason, message, .. }: &Problem) -> String {
    format!("it would be refused ({reason}): {}.", message.trim_end_matches('.'))
}

/// Of a tenant that goes.
pub fn going(tenant: &Tenant, installs: &[PluginInstall], parts: &Departing) -> String {
    let Departing { parts, given_up, backup, problems } = parts;
    let mut problems = problems.clone();
    let mut told = Vec::new();
    if let Some(place) = backup {
        told.push(format!("make the final backup in bucket {}", place.bucket));
    }
    for install in installs {
        let name = format!("{}/{}", install.namespace().unwrap_or_default(), install.name_any());
        let held = [(is_paused(install), Reason::Paused, PAUSED), (is_rehearsed(install), Reason::DryRun, DRY_RUN)];
        for (_, reason, annotation) in held.into_iter().filter(|(is_held, ..)| *is_held) {
            problems.push(Problem::new(reason, format!("the install {name} has the annotation {annotation}.")));
        }
        told.push(uninstalled(install, &name, tenant.spec.deletion_policy));
    }
    for (object, parting) in parts {
        match parting {
            Ok(parting) => told.extend(parted(object, *parting, tenant.spec.deletion_policy)),
            Err(problem) => problems.push(problem.clone()),
        }
    }
    told.extend(given_up.iter().map(|object| format!("give up {object} without a look at it")));
    with_problems(&would(&told), &problems)
}

/// The tenant's policy counts for all that is in it.
fn uninstalled(install: &PluginInstall, name: &str, policy: DeletionPolicy) -> String {
    let id = &install.spec.plugin.id;
    let database = install.status.as_ref().and_then(|status| status.database.as_ref());
    match (database, policy) {
        (None, _) => format!("remove the install {name} of {id}"),
        (Some(database), DeletionPolicy::Retain) => {
            format!("remove the install {name} of {id} and keep its schema {}", database.schema)
        }
        (Some(database), DeletionPolicy::Delete) => {
            format!("remove the install {name} of {id} and its schema {} with its data for good", database.schema)
        }
    }
}

fn parted(object: &str, parting: Parting, policy: DeletionPolicy) -> Option<String> {
    match (parting, policy) {
        (Parting::Gone, _) => None,
        (Parting::Leave, _) => Some(format!("leave {object} alone, which is not this tenant's")),
        (Parting::Part | Parting::Retained, DeletionPolicy::Retain) => {
            Some(format!("keep {object}, marked with the time"))
        }
        (Parting::Part | Parting::Retained, DeletionPolicy::Delete) => {
            Some(format!("remove {object} with all that is in it for good"))
        }
    }
}

#[cfg(test)]
#[path = "words_tests.rs"]
mod tests;
