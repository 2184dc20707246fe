//! What it takes to switch plugins on or off, or to configure them, for a tenant; and taking it.

use std::{path::Path, str::FromStr, time::Duration};

use kube::{
    Api, Client, ResourceExt,
    api::{Patch, PatchParams},
    runtime::wait::await_condition,
};
use plexica_crds::{
    PluginInstall,
    dependency::{Catalogue, Present, dependents},
    plugin_install::Phase,
};
use serde_json::{Map, Value, json};

use super::apply::FIELD_MANAGER;
use crate::{error::Error, state::State};

/// What is to be another.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Whether it serves.
    Enabled(bool),
    /// Of its configuration, as a JSON merge patch (RFC 7396).
    Config(Value),
}

/// A part of a configuration, as a person types it: `mail.from=no-reply@acme.test`, `workers=4`, `theme=null`.
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

/// All settings as one merge patch; a later one wins.
pub fn merged(settings: impl IntoIterator<Item = Setting>) -> Value {
    settings.into_iter().fold(json!({}), |mut all, Setting(one)| {
        join(&mut all, one);
        all
    })
}

/// Joins merge patches: unlike their application, `null` stays.
fn join(all: &mut Value, one: Value) {
    match (all, one) {
        (Value::Object(all), Value::Object(one)) => {
            for (name, value) in one {
                join(all.entry(name).or_insert(Value::Null), value);
            }
        }
        (all, one) => *all = one,
    }
}

/// RFC 7396, section 2.
fn applied(target: &Value, patch: &Value) -> Value {
    let Value::Object(patch) = patch else { return patch.clone() };
    let mut fields = target.as_object().cloned().unwrap_or_else(Map::new);
    for (name, value) in patch {
        if value.is_null() {
            fields.remove(name);
        } else {
            let changed = applied(fields.get(name).unwrap_or(&Value::Null), value);
            fields.insert(name.clone(), changed);
        }
    }
    Value::Object(fields)
}

/// An install to be changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Edit {
    namespace: String,
    name: String,
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
    state.tenant(tenant).ok_or_else(|| format!("there is no tenant {tenant}"))?;
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
        let going = chosen.iter().filter_map(|install| Present::of(install, catalogue).answers());
        let names: Vec<String> =
            going.flat_map(|release| dependents(release, &rest)).map(|dependent| dependent.to_string()).collect();
        if !names.is_empty() {
            return Err(format!("others need it: {}; disable that, too", names.join(", ")));
        }
    }
    Ok(chosen.into_iter().filter_map(|install| edit(install, change)).collect())
}

fn edit(install: &PluginInstall, change: &Change) -> Option<Edit> {
    let (id, spec) = (&install.spec.plugin.id, &install.spec);
    let (part, line) = match change {
        Change::Enabled(enabled) => {
            let word = if *enabled { "enabled" } else { "disabled" };
            (spec.enabled != *enabled).then(|| (json!({ "enabled": enabled }), format!("{id} {word}")))
        }
        Change::Config(patch) => {
            let wanted = applied(&spec.config, patch);
            (wanted != spec.config).then(|| (json!({ "config": patch }), format!("{id} configured: {wanted}")))
        }
    }?;
    let (namespace, name) = (install.namespace().unwrap_or_default(), install.name_any());
    Some(Edit { namespace, name, patch: json!({ "spec": part }), line })
}

/// Changes them in order; with a time-out, waits until each is as its spec says, or says that a person must
/// act.
pub async fn make(client: &Client, edits: &[Edit], timeout: Option<Duration>) -> Result<(), Error> {
    let mut changed = Vec::new();
    for Edit { namespace, name, patch, .. } in edits {
        let api: Api<PluginInstall> = Api::namespaced(client.clone(), namespace);
        let params = PatchParams { field_manager: Some(FIELD_MANAGER.into()), ..PatchParams::default() };
        let install = api.patch(name, &params.validation_strict(), &Patch::Merge(patch)).await?;
        changed.push((api, install));
    }
    let Some(timeout) = timeout else { return Ok(()) };
    for (api, install) in changed {
        let (name, generation) = (install.name_any(), install.metadata.generation);
        let target = format!("plugininstall {}/{name}", install.namespace().unwrap_or_default());
        let settled =
            |install: Option<&PluginInstall>| install.is_some_and(|install| verdict(install, generation).is_some());
        match tokio::time::timeout(timeout, await_condition(api, &name, settled)).await {
            Ok(Ok(Some(install))) => verdict(&install, generation)
                .unwrap_or(Ok(()))
                .map_err(|message| Error::Install(format!("{target}: {message}")))?,
            Ok(Ok(None)) => return Err(Error::NotThere(target)),
            Ok(Err(error)) => return Err(Error::Watch(error.to_string())),
            Err(_) => return Err(Error::TimedOut { target, what: "as its spec says".into() }),
        }
    }
    Ok(())
}

/// How it ended, if it has.
fn verdict(install: &PluginInstall, generation: Option<i64>) -> Option<Result<(), String>> {
    let status = install.status.as_ref()?;
    if status.observed_generation < generation {
        return None;
    }
    let ready = status.conditions.iter().find(|condition| condition.type_ == "Ready")?;
    match status.phase? {
        Phase::Ready | Phase::Disabled | Phase::Suspended => (ready.status == "True").then_some(Ok(())),
        Phase::Stalled => Some(Err(ready.message.clone())),
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
        Ok(edits.into_iter().map(|edit| (edit.line, edit.patch["spec"].clone())).collect())
    }

    #[test]
    fn what_is_switched() {
        let (on, off) = (&Change::Enabled(true), &Change::Enabled(false));
        let line = |text: &str, enabled: bool| vec![(text.to_owned(), json!({ "enabled": enabled }))];
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
        let settings = ["workers=4", "mail.from=no-reply@acme.test", "mail.to=null"];
        let patch = merged(settings.map(|text| text.parse().unwrap()));
        let asked = json!({ "workers": 4, "mail": { "from": "no-reply@acme.test", "to": null } });
        assert_eq!(patch, asked);
        let line = r#"crm configured: {"mail":{"from":"no-reply@acme.test"},"workers":4}"#;
        assert_eq!(
            planned("beta", &["crm"], &Change::Config(patch)),
            Ok(vec![(line.into(), json!({ "config": asked }))])
        );
        let same = &Change::Config(json!({ "workers": 2 }));
        assert_eq!(planned("beta", &["crm"], same), Ok(vec![]));
        assert_eq!(merged(["a=1", "a.b=x"].map(|text| text.parse().unwrap())), json!({ "a": { "b": "x" } }));
        for bad in ["workers", "=1", "a..b=1"] {
            assert!(bad.parse::<Setting>().is_err(), "{bad}");
        }
    }
}
