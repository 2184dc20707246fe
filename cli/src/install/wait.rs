//! Waiting for what comes of an install.

use std::time::Duration;

use kube::{Api, Client, runtime::wait::await_condition};
use plexica_crds::PluginInstall;

use crate::error::Error;

/// Waits until there is a verdict on it; `what` it was to be, for who waits in vain.
pub async fn until<T>(
    client: &Client,
    (namespace, name): (&str, &str),
    (timeout, what): (Duration, &str),
    verdict: impl Fn(&PluginInstall) -> Option<T>,
) -> Result<T, Error> {
    let api: Api<PluginInstall> = Api::namespaced(client.clone(), namespace);
    let settled = |install: Option<&PluginInstall>| install.is_some_and(|install| verdict(install).is_some());
    let target = || format!("plugininstall {namespace}/{name}");
    match tokio::time::timeout(timeout, await_condition(api, name, settled)).await {
        Ok(Ok(install)) => install.as_ref().and_then(&verdict).ok_or_else(|| Error::NotThere(target())),
        Ok(Err(error)) => Err(Error::Watch(error.to_string())),
        Err(_) => Err(Error::TimedOut { target: target(), what: what.to_owned() }),
    }
}
