//! What an installation for a tenant takes. Pure.

use std::str::FromStr;

use plexica_crds::{
    PluginInstall,
    dependency::{Catalogue, Release, Step, Wanted, solve},
};
use plexica_operator::foresee;
use semver::VersionReq;
use serde_json::{Value, json};

use crate::state::State;

/// A plugin to install, as a person types it: `crm` or `crm@^1.4`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub id: String,
    /// Absent if none was typed.
    pub requirement: Option<VersionReq>,
}

impl FromStr for Asked {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (id, requirement) = text.split_once('@').map_or((text, None), |(id, rest)| (id, Some(rest)));
        let parse = |text: &str| {
            VersionReq::parse(text).map_err(|error| format!("{text:?} is no semver requirement such as ^1.4 ({error})"))
        };
        plexica_contract::name::PluginId::from_str(id).map_err(|error| format!("{id:?} {error}"))?;
        Ok(Self { id: id.to_owned(), requirement: requirement.map(parse).transpose()? })
    }
}

/// An install to be written.
#[derive(Clone, Debug, PartialEq)]
pub struct Write {
    pub namespace: String,
    pub name: String,
    /// As it is applied: what it does not say stays.
    pub object: Value,
    /// The version that it will serve.
    pub version: String,
    /// In a line.
    pub line: String,
}

/// What is to be written for the tenant, in order, and what people should know.
pub fn plan(
    state: &State,
    catalogue: &Catalogue,
    tenant: &str,
    asked: &[Asked],
    with_dependencies: bool,
) -> Result<(Vec<Write>, Vec<String>), String> {
    let found = state.tenant(tenant).ok_or_else(|| format!("there is no tenant {tenant}"))?;
    if found.metadata.deletion_timestamp.is_some() {
        return Err(format!("the tenant {tenant} is being removed"));
    }
    let namespace = foresee::namespace(found).map_err(|error| format!("the tenant's name {error}"))?;
    let installs = state.installs_of(tenant);
    let of = |id: &str| installs.iter().find(|install| install.spec.plugin.id == id).map(|install| &***install);
    let wanted: Vec<Wanted> = asked
        .iter()
        .map(|Asked { id, requirement }| {
            let before = of(id).and_then(|install| install.spec.plugin.version.parse().ok());
            let requirement = requirement.clone().or(before).unwrap_or(VersionReq::STAR);
            Wanted { id: id.clone(), requirement }
        })
        .collect();
    let leaving =
        wanted.iter().filter_map(|wanted| of(&wanted.id)).find(|one| one.metadata.deletion_timestamp.is_some());
    if let Some(leaving) = leaving {
        return Err(format!("{} is being removed", leaving.spec.plugin.id));
    }
    let present = state.present(tenant, catalogue);
    let steps = solve(catalogue, &present, &wanted, with_dependencies).map_err(|conflict| conflict.to_string())?;
    let notes = steps.iter().filter_map(|step| warning(step.release)).collect();
    Ok((steps.iter().filter_map(|step| write(step, tenant, &namespace, of(&step.release.id))).collect(), notes))
}

fn warning(release: &Release) -> Option<String> {
    let yanked = release.yanked.as_ref().map(|reason| format!("warning: {release} is yanked ({reason})"));
    yanked.or(release.deprecated.as_ref().map(|message| format!("warning: {release} is deprecated: {message}")))
}

fn write(step: &Step<'_>, tenant: &str, namespace: &str, before: Option<&PluginInstall>) -> Option<Write> {
    let Step { release, requirement, from, needed_by } = step;
    let version = release.version.to_string();
    let is_same = before.is_some_and(|before| {
        before.spec.plugin.version == *requirement && before.spec.enabled && from.as_ref() == Some(&release.version)
    });
    if is_same {
        return None;
    }
    let why = needed_by.as_ref().map_or_else(String::new, |by| format!(" (needed by {by})"));
    let line = match from {
        Some(from) if *from != release.version => format!("{} {from} → {version}{why}", release.id),
        _ => format!("{release}{why}"),
    };
    let metadata = before.map(|before| &before.metadata);
    let name = metadata.and_then(|metadata| metadata.name.clone()).unwrap_or_else(|| release.id.clone());
    let namespace = metadata.and_then(|metadata| metadata.namespace.clone()).unwrap_or_else(|| namespace.to_owned());
    let mut spec = json!({
        "tenantRef": { "name": tenant },
        "plugin": { "id": release.id, "version": requirement },
    });
    if before.is_some_and(|before| !before.spec.enabled) {
        spec["enabled"] = json!(true);
    }
    let object = json!({
        "apiVersion": "plexica.io/v1alpha1", "kind": "PluginInstall",
        "metadata": { "name": name, "namespace": namespace }, "spec": spec,
    });
    Some(Write { namespace, name, object, version, line })
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
