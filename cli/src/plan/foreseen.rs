//! From two states to what happens between them. Pure.

use std::{collections::BTreeSet, sync::Arc};

use kube::ResourceExt;
use plexica_contract::{
    manifest::Reload,
    name::{PluginId, Slug, postgres},
    path::plugin_route,
};
use plexica_crds::{
    PluginInstall, Reason, Tenant,
    dependency::{Wanted as Needed, solve},
    label::ROTATE,
    plugin_install::RouteStatus,
    tenant::DeletionPolicy,
};
use plexica_operator::{
    Problem,
    foresee::{Around, Foreseen, foresee, unheeded},
};
use serde_json::Value;

use super::{
    difference::{Change, Kind},
    wanted::{Named, Wanted},
};
use crate::state::State;

/// What would happen: to what is in the files, in their order, and then to what they affect.
pub fn changes(before: &State, wanted: &Wanted, platform: &str) -> Vec<Change> {
    let Wanted { after, named } = wanted;
    let touched = touched(before, wanted);
    let outcomes = outcomes(after, &touched, platform);
    let mut changes: Vec<Change> = named.iter().map(|one| of_named(one, before, after, &outcomes)).collect();
    let in_files = |install: &PluginInstall| {
        named.iter().any(|one| {
            one.kind == "PluginInstall" && one.namespace == install.namespace() && one.name == install.name_any()
        })
    };
    let now = self::outcomes(before, &touched, platform);
    for (install, outcome) in outcomes.iter().filter(|(install, _)| !in_files(install)) {
        // What is under way or in the way already is no doing of the files.
        let was = now.iter().find(|(one, _)| one.uid() == install.uid()).map(|(_, outcome)| outcome);
        if was == Some(outcome) {
            continue;
        }
        let mut change = Change::of(display(install), Kind::Change);
        of_install(&mut change, install, outcome, after);
        if !change.is_nothing() || change.action == Kind::Refused {
            changes.push(change);
        }
    }
    changes
}

type Outcomes = Vec<(Arc<PluginInstall>, Result<Foreseen, Problem>)>;

/// Tenants for which the files may change anything.
fn touched(before: &State, Wanted { after, named }: &Wanted) -> BTreeSet<String> {
    let is_named = |kind: &str, name: &str| named.iter().any(|one| one.kind == kind && one.name == name);
    let entries = after.plugins.iter().filter(|entry| is_named("Plugin", &entry.name_any()));
    let plugins: BTreeSet<&str> = entries.map(|entry| entry.spec.id.as_str()).collect();
    let installs = before.installs.iter().chain(&after.installs);
    let by_install = installs
        .filter(|one| is_named("PluginInstall", &one.name_any()) || plugins.contains(one.spec.plugin.id.as_str()))
        .map(|one| one.spec.tenant_ref.name.clone());
    let tenants = named.iter().filter(|one| one.kind == "Tenant").map(|one| one.name.clone());
    by_install.chain(tenants).collect()
}

/// What each install of these tenants comes to when all others have come to what they can.
fn outcomes(state: &State, tenants: &BTreeSet<String>, platform: &str) -> Outcomes {
    let of = |tenant: &String| {
        let installs = state.installs.iter().filter(|install| install.spec.tenant_ref.name == *tenant);
        of_one(state, tenant, &installs.cloned().collect::<Vec<_>>(), platform)
    };
    tenants.iter().flat_map(of).collect()
}

fn of_one(state: &State, tenant: &str, now: &[Arc<PluginInstall>], platform: &str) -> Outcomes {
    let matters = |id: &str| now.iter().any(|install| install.spec.plugin.id == id);
    let catalogue: Vec<_> = state.plugins.iter().filter(|entry| matters(&entry.spec.id)).cloned().collect();
    // Each is as it is now: what it would come to is a way from there.
    let look = |beside: &[Arc<PluginInstall>]| -> Outcomes {
        let around = |install: &Arc<PluginInstall>| Around {
            tenant: state.tenant(tenant).cloned(),
            catalogue: catalogue.clone(),
            siblings: beside.iter().filter(|one| !same(one, install)).cloned().collect(),
            platform: platform.to_owned(),
        };
        now.iter().map(|install| (install.clone(), foresee(install, &around(install)))).collect()
    };
    let mut last = look(now);
    // What came up serves those that need it: as many rounds as a chain can be long.
    for _ in 0..now.len() {
        let mut others = now.to_vec();
        for (install, (_, outcome)) in others.iter_mut().zip(&last) {
            come_to(install, outcome);
        }
        let next = look(&others);
        if next.iter().map(|(_, outcome)| outcome).eq(last.iter().map(|(_, outcome)| outcome)) {
            break;
        }
        last = next;
    }
    last
}

fn come_to(install: &mut Arc<PluginInstall>, outcome: &Result<Foreseen, Problem>) {
    let Ok(Foreseen { version, permissions, routed, .. }) = outcome else { return };
    let install = Arc::make_mut(install);
    let path = install.spec.plugin.id.parse::<PluginId>().map(|id| plugin_route(&id)).unwrap_or_default();
    let status = install.status.get_or_insert_default();
    status.route = routed.then_some(RouteStatus { path, upstream: String::new(), isolation: None, since: None });
    if *routed {
        status.version = Some(version.clone());
        status.migrated_version = Some(version.clone());
        status.permissions.clone_from(permissions);
    }
}

fn same(one: &PluginInstall, other: &PluginInstall) -> bool {
    (one.namespace(), one.name_any()) == (other.namespace(), other.name_any())
}

fn display(install: &PluginInstall) -> String {
    format!("plugininstall/{}/{}", install.namespace().unwrap_or_default(), install.name_any())
}

fn of_named(named: &Named, before: &State, after: &State, outcomes: &Outcomes) -> Change {
    let said = match &named.after {
        Ok(said) => said,
        Err(why) => {
            let mut refused = Change::of(named.display(), Kind::Refused);
            refused.notes.push(why.clone());
            return refused;
        }
    };
    let action = if named.before.is_some() { Kind::Change } else { Kind::Create };
    let mut change = Change::of(named.display(), action);
    let fields = named.before.as_ref().map(|before| differing(before, said)).unwrap_or_default();
    match named.kind.as_str() {
        "PluginInstall" => {
            let install = outcomes
                .iter()
                .find(|(install, _)| install.namespace() == named.namespace && install.name_any() == named.name);
            if let Some((install, outcome)) = install {
                of_install(&mut change, install, outcome, after);
            }
        }
        "Tenant" => of_tenant(&mut change, named, before, after),
        "Plugin" => of_plugin(&mut change, named, &fields, after),
        _ => {}
    }
    if let Some(before) = named.before.as_ref().filter(|_| change.action != Kind::Refused) {
        of_workload(&mut change, &named.kind, before, said);
    }
    change.fields = fields;
    if change.action == Kind::Change && change.is_nothing() {
        change.action = Kind::Unchanged;
    }
    change
}

/// Fields that differ: those of the spec, and others as a whole.
fn differing(before: &Value, after: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for key in keys(before, after).into_iter().filter(|key| before.get(key) != after.get(key)) {
        match (before.get(&key), after.get(&key)) {
            (Some(before), Some(after)) if key == "spec" => {
                let inner = keys(before, after).into_iter().filter(|key| before.get(key) != after.get(key));
                found.extend(inner.map(|key| format!("spec.{key}")));
            }
            // Values may be secrets.
            _ => found.push(key),
        }
    }
    found
}

fn keys(one: &Value, other: &Value) -> BTreeSet<String> {
    [one, other].into_iter().filter_map(Value::as_object).flat_map(|map| map.keys().cloned()).collect()
}

fn of_tenant(change: &mut Change, named: &Named, before: &State, after: &State) {
    let Some(tenant) = after.tenant(&named.name) else { return };
    let earlier = before.tenant(&named.name);
    if earlier.is_none() {
        change.created = parts(tenant);
    }
    let suspended = |tenant: &Tenant| tenant.spec.suspend;
    match (earlier.is_some_and(|tenant| suspended(tenant)), suspended(tenant)) {
        (false, true) => change.lost.push("requests are refused and its plugins stop; the data stays".into()),
        (true, false) => change.routed.push("requests are let in again".into()),
        _ => {}
    }
    let deletes = |tenant: &Tenant| tenant.spec.deletion_policy == DeletionPolicy::Delete;
    if deletes(tenant) && !earlier.is_some_and(|tenant| deletes(tenant)) {
        change.notes.push("its data goes for good when it is deleted".into());
    }
}

fn parts(tenant: &Tenant) -> Vec<String> {
    let Ok(slug) = tenant.name_any().parse::<Slug>() else { return Vec::new() };
    let prefixes = plexica_contract::name::Prefixes::default();
    vec![
        format!("schema and role {}", postgres::tenant(&slug)),
        format!("realm {}", prefixes.realm(&slug)),
        format!("bucket {}", prefixes.bucket(&slug)),
        format!("namespace {}", prefixes.namespace(&slug)),
    ]
}

fn of_plugin(change: &mut Change, named: &Named, fields: &[String], after: &State) {
    let Some(plugin) = after.plugins.iter().find(|plugin| plugin.name_any() == named.name) else { return };
    let runs = |install: &&Arc<PluginInstall>| {
        install.spec.plugin.id == plugin.spec.id
            && install.status.as_ref().is_some_and(|status| status.version.as_ref() == Some(&plugin.spec.version))
    };
    let installs = after.installs.iter().filter(runs).count();
    if named.before.is_none() {
        change.created.push(format!("{} {} in the catalogue", plugin.spec.id, plugin.spec.version));
    } else if fields.iter().any(|field| field == "spec.runtime") && installs > 0 {
        change.restarted.push(format!("{} {} of {installs} install(s)", plugin.spec.id, plugin.spec.version));
    }
    if let Some(yank) = &plugin.spec.yanked {
        let note = format!("yanked ({}): {installs} install(s) run it and go on", yank.reason);
        change.notes.push(note);
    }
    change.notes.extend(unheeded(plugin));
}

fn of_install(change: &mut Change, install: &PluginInstall, outcome: &Result<Foreseen, Problem>, state: &State) {
    let id = &install.spec.plugin.id;
    let foreseen = match outcome {
        Ok(foreseen) => foreseen,
        Err(problem) => {
            change.action = Kind::Refused;
            change.notes.push(problem.message.clone());
            if problem.reason == Reason::RequirementNotMet {
                change.needs = needs(install, state);
            }
            return;
        }
    };
    let Foreseen { version, permissions, events, consent, data, migrations, routed, configuration, notice } = foreseen;
    let status = install.status.clone().unwrap_or_default();
    change.notes.extend(notice.clone());
    let lost = status.permissions.iter().filter(|key| !permissions.contains(key));
    change.lost.extend(lost.map(|key| format!("permission {key}")));
    if !routed {
        let route = status.route.map(|route| format!("route {}; the data stays", route.path));
        change.lost.extend(route);
        return;
    }
    match &status.migrated_version {
        None => {
            let (slug, plugin) = (install.spec.tenant_ref.name.parse::<Slug>(), id.parse::<PluginId>());
            if let (Ok(slug), Ok(plugin)) = (slug, plugin) {
                change.created.push(format!("schema and role {}", postgres::tenant_plugin(&slug, &plugin)));
            }
            change.migrated.push(format!("{id}: nothing → {version}"));
        }
        Some(from) if from != version => change.migrated.push(format!("{id}: {from} → {version}")),
        Some(_) => {}
    }
    if status.version.as_ref() != Some(version) {
        change.migrated.extend(migrations.iter().map(|file| format!("by {file}")));
        let as_before = if data.as_before { ", as before" } else { "" };
        change.data.push(format!("{} alone{as_before}", data.uses.join(" and ")));
    }
    change.asked.extend(consent.iter().cloned());
    change.restarted.extend(configuration.and_then(|reload| match reload {
        Reload::Live => None,
        Reload::Ask => Some(format!("{id} {version} if it asks for that to take its configuration")),
        Reload::Restart => Some(format!("{id} {version} with another configuration")),
    }));
    if status.version.as_ref() != Some(version) || status.route.is_none() {
        let serves = state.installs.iter().any(|other| {
            let status = other.status.as_ref();
            other.spec.plugin.id == *id
                && status.is_some_and(|status| status.route.is_some() && status.version.as_ref() == Some(version))
        });
        if !serves {
            change.created.push(format!("workload {id} {version}"));
        }
    }
    let new = permissions.iter().filter(|key| !status.permissions.contains(key));
    change.granted.extend(new.cloned());
    let new = events.iter().filter(|event| !status.events.contains(event));
    change.granted.extend(new.map(|event| format!("event {event}")));
    match (&status.route, &status.version) {
        (None, _) => change.routed.extend(id.parse::<PluginId>().map(|id| plugin_route(&id))),
        (Some(route), from) if from.as_ref() != Some(version) => {
            change.routed.push(format!("{} to {version}", route.path));
        }
        _ => {}
    }
}

/// Whose workload serves, and what that signs in with.
fn of_workload(change: &mut Change, kind: &str, before: &Value, after: &Value) {
    let isolation = |said: &Value| said["spec"]["isolation"].as_str().unwrap_or("Shared").to_owned();
    let asked =
        |said: &Value| said["annotations"][ROTATE].as_str().filter(|asked| !asked.is_empty()).map(str::to_owned);
    let rotates = asked(after).is_some() && asked(after) != asked(before);
    match kind {
        "PluginInstall" if isolation(before) != isolation(after) => {
            change.restarted.push(match isolation(after).as_str() {
                "Shared" => "for the tenant, in the workload that is shared, instead of one of its own".into(),
                _ => "for the tenant, in a workload of its own instead of the one that is shared".into(),
            });
        }
        "Plugin" if rotates => {
            change.restarted.push("with new credentials, for all tenants that share it".into());
        }
        "Tenant" if rotates => change.notes.push("its credentials are replaced".into()),
        _ => {}
    }
}

/// What would have to be installed with it.
fn needs(install: &PluginInstall, state: &State) -> Vec<String> {
    let (catalogue, tenant) = (state.catalogue(), &install.spec.tenant_ref.name);
    let present = state.present(tenant, &catalogue);
    let Ok(requirement) = install.spec.plugin.version.parse() else { return Vec::new() };
    let wanted = [Needed { id: install.spec.plugin.id.clone(), requirement }];
    match solve(&catalogue, &present, &wanted, true) {
        Ok(steps) => steps
            .iter()
            .filter(|step| step.release.id != install.spec.plugin.id)
            .map(|step| format!("{} (plexica install --with-dependencies adds it)", step.release))
            .collect(),
        Err(conflict) => conflict.0,
    }
}

#[cfg(test)]
#[path = "foreseen_tests.rs"]
mod tests;
