//! What it takes to switch plugins on or off, or to configure them, for a tenant; and taking it.

use std::{collections::BTreeSet, path::Path, str::FromStr, time::Duration};

use kube::{
    Api, Client, ResourceExt,
    api::{Patch, PatchParams},
};
use plexica_crds::{
    ConditionType, PluginInstall,
    dependency::{Catalogue, Present, dependents},
    plugin_install::Phase,
};
use serde_json::{Map, Value, json};

use super::{apply::FIELD_MANAGER, wait};
use crate::{error::Error, state::State};

/// What is to be another.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Whether it serves.
    Enabled(bool),
    /// Parts of its configuration, one after the other.
    Config(Vec<Setting>),
}

/// A part of a configuration, as a person types it: `mail.from=no-reply@acme.test`, `workers=4`, `theme=null`. A JSON
/// merge patch (RFC 7396).
#[derive(Clone, Debug, PartialEq)]
pub struct Setting(Value);

impl FromStr for Setting {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (path, value) = text.split_once('=').ok_or("write KEY=VALUE, such as workers=4")?;
        // What is no JSON is a text: nobody quotes one for a shell and for JSON.
        let value = serde_json::from_str(value).unwrap_or_else(|_| json!(value));
        let names = path.split('.');
        if names.clone().any(str::is_empty) {
            return Err(format!("{path:?} names no field: write KEY or KEY.KEY"));
        }
        Ok(Self(names.rfold(value, |value, name| json!({ name: value }))))
    }
}

impl Setting {
    /// Those of a file.
    ///
    /// # Errors
    /// When it cannot be read, or holds no fields.
    pub fn read(file: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(file);
        let text = text.map_err(|source| Error::Unreadable { path: file.to_owned(), source })?;
        let malformed = |reason: String| Error::Malformed { file: file.display().to_string(), reason };
        let value: Value = serde_saphyr::from_str(&text).map_err(|error| malformed(error.to_string()))?;
        if value.is_object() { Ok(Self(value)) } else { Err(malformed("it holds no fields".into())) }
    }
}

/// An install to be changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Edit {
    namespace: String,
    name: String,
    /// JSON Patch (RFC 6902).
    patch: Value,
    /// In a line.
    pub line: String,
}

/// What is to be changed for the tenant; what is so already is not in it. Pure.
pub fn plan(
    state: &State,
    catalogue: &Catalogue,
    tenant: &str,
    plugins: &[String],
    change: &Change,
) -> Result<Vec<Edit>, String> {
    let found = state.tenant(tenant).ok_or_else(|| format!("there is no tenant {tenant}"))?;
    if found.metadata.deletion_timestamp.is_some() {
        return Err(format!("the tenant {tenant} is being removed"));
    }
    let installs = state.installs_of(tenant);
    let mut chosen = Vec::new();
    for id in plugins {
        let found = installs.iter().find(|install| install.spec.plugin.id == *id);
        let install = found.ok_or_else(|| format!("{id} is not installed for {tenant}"))?;
        if install.metadata.deletion_timestamp.is_some() {
            return Err(format!("{id} is being removed"));
        }
        chosen.push(&***install);
    }
    if *change == Change::Enabled(false) {
        let rest = installs.iter().filter(|install| !plugins.contains(&install.spec.plugin.id));
        let rest: Vec<Present<'_>> = rest.map(|install| Present::of(install, catalogue)).collect();
        // What is at work, or will be when its tenant is resumed.
        let going = chosen.iter().filter_map(|install| Present::of(install, catalogue).in_force());
        let names: Vec<String> = going
            .flat_map(|release| dependents(release, &rest, found.spec.suspend))
            .map(|dependent| dependent.to_string())
            .collect();
        if !names.is_empty() {
            return Err(format!("others need it: {}; disable that, too", names.join(", ")));
        }
    }
    Ok(chosen.into_iter().filter_map(|install| edit(install, change)).collect())
}

fn edit(install: &PluginInstall, change: &Change) -> Option<Edit> {
    let (id, spec) = (&install.spec.plugin.id, &install.spec);
    let (patch, line) = match change {
        Change::Enabled(enabled) => {
            let word = if *enabled { "enabled" } else { "disabled" };
            let patch = json!([{ "op": "add", "path": "/spec/enabled", "value": enabled }]);
            (spec.enabled != *enabled).then(|| (patch, format!("{id} {word}")))
        }
        Change::Config(settings) => {
            let mut wanted = spec.config.clone();
            for Setting(one) in settings {
                json_patch::merge(&mut wanted, one);
            }
            let patch = json!([
                { "op": "test", "path": "/spec/config", "value": spec.config },
                { "op": "add", "path": "/spec/config", "value": wanted },
            ]);
            // Values may be nobody else's business.
            (wanted != spec.config)
                .then(|| (patch, format!("{id} configured: {}", different(&spec.config, &wanted).join(", "))))
        }
    }?;
    let (namespace, name) = (install.namespace().unwrap_or_default(), install.name_any());
    Some(Edit { namespace, name, patch, line })
}

/// Names of the fields that differ.
fn different(one: &Value, other: &Value) -> Vec<String> {
    let names = [one, other].into_iter().filter_map(Value::as_object).flat_map(Map::keys);
    let names: BTreeSet<&String> = names.filter(|name| one.get(name) != other.get(name)).collect();
    names.into_iter().cloned().collect()
}

/// Changes them in order; with a time-out, waits until each is as its spec says. What people should know
/// about those that are at rest.
pub async fn make(
    client: &Client,
    edits: &[Edit],
    change: &Change,
    timeout: Option<Duration>,
) -> Result<Vec<String>, Error> {
    let mut changed = Vec::new();
    for Edit { namespace, name, patch, .. } in edits {
        let api: Api<PluginInstall> = Api::namespaced(client.clone(), namespace);
        let params = PatchParams { field_manager: Some(FIELD_MANAGER.into()), ..PatchParams::default() };
        let patch = serde_json::from_value(patch.clone()).map_err(|error| Error::Output(error.to_string()))?;
        let install = api.patch(name, &params.validation_strict(), &Patch::Json::<()>(patch)).await;
        let install = install.map_err(|error| match error {
            kube::Error::Api(status) if status.code == 422 && matches!(change, Change::Config(_)) => Error::Install(
                format!("plugininstall {namespace}/{name}: somebody has configured it meanwhile; try again"),
            ),
            error => error.into(),
        })?;
        changed.push((namespace, name, install.metadata.generation));
    }
    let (mut notes, Some(timeout)) = (Vec::new(), timeout) else { return Ok(Vec::new()) };
    for (namespace, name, generation) in changed {
        let waited = (timeout, "as its spec says");
        match wait::until(client, (namespace, name), waited, |install| verdict(install, generation, change)).await? {
            Verdict::Done => {}
            Verdict::AtRest(note) => notes.push(note),
            Verdict::Refused(message) => {
                return Err(Error::Install(format!("plugininstall {namespace}/{name}: {message}")));
            }
        }
    }
    Ok(notes)
}

/// How a change ended.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Verdict {
    /// It is in force.
    Done,
    /// It is taken, and will be in force when it serves again.
    AtRest(String),
    /// A person must act.
    Refused(String),
}

/// How it ended, if it has.
fn verdict(install: &PluginInstall, generation: Option<i64>, change: &Change) -> Option<Verdict> {
    let status = install.status.as_ref()?;
    let condition = |kind: ConditionType| status.conditions.iter().find(|one| one.type_ == kind.as_str());
    let held = [ConditionType::Paused, ConditionType::DryRun].into_iter().filter_map(condition);
    if let Some(held) = held.into_iter().find(|one| one.status == "True") {
        return Some(Verdict::Refused(held.message.clone()));
    }
    if status.observed_generation < generation {
        return None;
    }
    let ready = condition(ConditionType::Ready)?;
    let phase = status.phase?;
    match phase {
        Phase::Stalled => Some(Verdict::Refused(ready.message.clone())),
        _ if ready.status != "True" => None,
        Phase::Disabled | Phase::Suspended if *change == Change::Enabled(false) => Some(Verdict::Done),
        Phase::Disabled | Phase::Suspended => {
            Some(Verdict::AtRest(format!("{} is {phase:?}: in force when it serves again", install.spec.plugin.id)))
        }
        Phase::Ready => {
            let in_force = |generation_of: Option<i64>| generation_of == generation;
            let taken =
                status.configuration.as_ref().is_none_or(|one| in_force(one.generation) && one.restart.is_none());
            (taken || matches!(change, Change::Enabled(_))).then_some(Verdict::Done)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{install, plugin, state};

    fn planned(tenant: &str, plugins: &[&str], change: &Change) -> Result<Vec<(String, Value)>, String> {
        let needs = json!({ "requires": [{ "plugin": "files", "version": "^1" }] });
        let catalogue = vec![plugin("files 1.0.0", json!({})), plugin("crm 1.0.0", needs)];
        let mut off = install("beta", "crm", "*", Some("1.0.0"));
        off["spec"]["enabled"] = json!(false);
        off["spec"]["config"] = json!({ "workers": 2, "mail": { "from": "a", "to": "b" } });
        let installs = vec![
            install("acme", "files", "*", Some("1.0.0")),
            install("acme", "crm", "*", Some("1.0.0")),
            install("beta", "files", "*", Some("1.0.0")),
            off,
        ];
        let state = state(&["acme", "beta"], catalogue, installs);
        let plugins: Vec<String> = plugins.iter().map(ToString::to_string).collect();
        let edits = plan(&state, &state.catalogue(), tenant, &plugins, change)?;
        let value = |patch: &Value| patch.as_array().unwrap().last().unwrap()["value"].clone();
        Ok(edits.into_iter().map(|edit| (edit.line, value(&edit.patch))).collect())
    }

    #[test]
    fn what_is_switched() {
        let (on, off) = (&Change::Enabled(true), &Change::Enabled(false));
        let line = |text: &str, enabled: bool| vec![(text.to_owned(), json!(enabled))];
        assert_eq!(planned("beta", &["crm"], on), Ok(line("crm enabled", true)));
        assert_eq!(planned("acme", &["crm"], on), Ok(vec![]));
        assert_eq!(planned("acme", &["crm"], off), Ok(line("crm disabled", false)));
        assert_eq!(planned("beta", &["files"], off), Ok(line("files disabled", false)));
        let why = "others need it: crm 1.0.0 (tenant-acme/crm) → files ^1; disable that, too";
        assert_eq!(planned("acme", &["files"], off), Err(why.into()));
        assert_eq!(planned("acme", &["files", "crm"], off).map(|edits| edits.len()), Ok(2));
        assert_eq!(planned("acme", &["mail"], off), Err("mail is not installed for acme".into()));
        assert_eq!(planned("gama", &["crm"], off), Err("there is no tenant gama".into()));
    }

    #[test]
    fn what_is_configured() {
        let configured = |settings: &[&str]| {
            let settings = settings.iter().map(|text| text.parse().unwrap()).collect();
            planned("beta", &["crm"], &Change::Config(settings))
        };
        let one = |names: &str, wanted: Value| Ok(vec![(format!("crm configured: {names}"), wanted)]);
        assert_eq!(
            configured(&["workers=4", "mail.from=no-reply@acme.test", "mail.to=null"]),
            one("mail, workers", json!({ "workers": 4, "mail": { "from": "no-reply@acme.test" } }))
        );
        assert_eq!(configured(&["workers=2"]), Ok(vec![]));
        // A later one wins, and what one takes away is gone for the next.
        let anew = configured(&["mail=null", "mail.from=x", "workers=3", "workers=null"]);
        assert_eq!(anew, one("mail, workers", json!({ "mail": { "from": "x" } })));
        for bad in ["workers", "=1", "a..b=1"] {
            assert!(bad.parse::<Setting>().is_err(), "{bad}");
        }
    }

    #[test]
    fn how_it_ended() {
        let status = |phase: &str, ready: &str, more: Value| {
            let condition = |kind: &str, status: &str| json!({ "type": kind, "status": status, "reason": "R", "message": format!("{kind}!"), "lastTransitionTime": "2026-01-01T00:00:00Z" });
            let mut status =
                json!({ "observedGeneration": 2, "phase": phase, "conditions": [condition("Ready", ready)] });
            for (name, value) in more.as_object().unwrap() {
                status[name] = if name == "conditions" {
                    json!([condition(value.as_str().unwrap(), "True")])
                } else {
                    value.clone()
                };
            }
            status
        };
        let (none, config) = (json!({}), Change::Config(Vec::new()));
        let (on, off) = (Change::Enabled(true), Change::Enabled(false));
        let rest = |phase: &str| Some(Verdict::AtRest(format!("crm is {phase}: in force when it serves again")));
        let old = json!({ "configuration": { "generation": 1, "value": {}, "version": "1" } });
        for (status, change, expected) in [
            (status("Ready", "True", none.clone()), &on, Some(Verdict::Done)),
            (status("Ready", "False", none.clone()), &on, None),
            (status("Ready", "True", old.clone()), &config, None),
            (status("Ready", "True", old), &on, Some(Verdict::Done)),
            (status("Ready", "True", json!({ "observedGeneration": 1 })), &on, None),
            (status("Stalled", "False", none.clone()), &config, Some(Verdict::Refused("Ready!".into()))),
            (status("Disabled", "True", none.clone()), &off, Some(Verdict::Done)),
            (status("Disabled", "True", none.clone()), &config, rest("Disabled")),
            (status("Suspended", "True", none), &on, rest("Suspended")),
            (
                status("Paused", "True", json!({ "conditions": "Paused" })),
                &on,
                Some(Verdict::Refused("Paused!".into())),
            ),
            (status("Ready", "True", json!({ "conditions": "DryRun" })), &on, Some(Verdict::Refused("DryRun!".into()))),
        ] {
            let mut value = install("acme", "crm", "*", Some("1.0.0"));
            value["apiVersion"] = json!("plexica.io/v1alpha1");
            value["kind"] = json!("PluginInstall");
            value["status"] = status.clone();
            let found: PluginInstall = serde_json::from_value(value).unwrap();
            assert_eq!(verdict(&found, Some(2), change), expected, "{status} {change:?}");
        }
    }
}
