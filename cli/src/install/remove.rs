//! What an uninstallation from a tenant takes, and taking it.

use std::time::Duration;

use kube::{
    Api, Client, ResourceExt,
    api::DeleteParams,
    runtime::{conditions::is_deleted, wait::await_condition},
};
use plexica_crds::{
    PluginInstall,
    dependency::{Catalogue, Present, dependents},
    tenant::DeletionPolicy,
};

use crate::{error::Error, state::State};

/// An install to be deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    namespace: String,
    name: String,
    uid: String,
    /// In a line.
    pub line: String,
}

/// What is to be deleted of the tenant, those first that need others. Pure.
pub fn plan(state: &State, catalogue: &Catalogue, tenant: &str, plugins: &[String]) -> Result<Vec<Removal>, String> {
    let found = state.tenant(tenant).ok_or_else(|| format!("there is no tenant {tenant}"))?;
    let (mut going, staying): (Vec<_>, Vec<_>) =
        state.installs_of(tenant).into_iter().partition(|install| plugins.contains(&install.spec.plugin.id));
    let rest: Vec<Present<'_>> = staying.iter().map(|install| Present::of(install, catalogue)).collect();
    let suspended = found.spec.suspend;
    let serves = |install: &PluginInstall| Present::of(install, catalogue).missed(suspended);
    let needed =
        going.iter().filter_map(|install| serves(install)).flat_map(|release| dependents(release, &rest, suspended));
    // What is being removed itself goes first, and with a tenant all goes.
    let names: Vec<String> = needed.filter(|one| !one.leaving).map(|one| one.to_string()).collect();
    if !names.is_empty() && found.metadata.deletion_timestamp.is_none() {
        return Err(format!("others need it: {}; remove that, too, or disable it", names.join(", ")));
    }
    let mut ordered = Vec::new();
    while !going.is_empty() {
        let beside: Vec<Present<'_>> = going.iter().map(|install| Present::of(install, catalogue)).collect();
        let free = |install: &PluginInstall| {
            serves(install).is_none_or(|release| dependents(release, &beside, suspended).is_empty())
        };
        // Those that need each other go together.
        let next = going.iter().position(|install| free(install)).unwrap_or_default();
        ordered.push(going.remove(next));
    }
    Ok(ordered.into_iter().map(|install| removal(install)).collect())
}

fn removal(install: &PluginInstall) -> Removal {
    let version = install.status.as_ref().and_then(|status| status.version.clone()).unwrap_or_default();
    let data = match install.spec.deletion_policy {
        DeletionPolicy::Retain => "its data is kept",
        DeletionPolicy::Delete => "its data is lost",
    };
    Removal {
        namespace: install.namespace().unwrap_or_default(),
        name: install.name_any(),
        uid: install.uid().unwrap_or_default(),
        line: format!("{} {version}, {data}", install.spec.plugin.id).replace(" ,", ","),
    }
}

/// Deletes them in order.
pub async fn delete(client: &Client, removals: &[Removal]) -> Result<(), Error> {
    for Removal { namespace, name, uid, .. } in removals {
        let api: Api<PluginInstall> = Api::namespaced(client.clone(), namespace);
        let params = DeleteParams {
            preconditions: Some(kube::api::Preconditions { uid: Some(uid.clone()), resource_version: None }),
            ..DeleteParams::default()
        };
        match api.delete(name, &params).await {
            Ok(_) => {}
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Waits until they are gone.
pub async fn wait(client: &Client, removals: &[Removal], timeout: Duration) -> Result<(), Error> {
    for Removal { namespace, name, uid, .. } in removals {
        let api: Api<PluginInstall> = Api::namespaced(client.clone(), namespace);
        match tokio::time::timeout(timeout, await_condition(api, name, is_deleted(uid))).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => return Err(Error::Watch(error.to_string())),
            Err(_) => {
                let target = format!("plugininstall {namespace}/{name}");
                return Err(Error::TimedOut { target, what: "gone".into() });
            }
        }
    }
    Ok(())
}
