//! Writing what is planned for a tenant, and waiting for it.

use std::time::Duration;

use kube::{
    Api, Client,
    api::{Patch, PatchParams},
};
use plexica_crds::{PluginInstall, plugin_install::Phase};

use super::{plan::Write, wait};
use crate::error::Error;

/// Not that of `apply -f`: what a file says of an install stays the file's.
pub const FIELD_MANAGER: &str = "plexica-install";

/// Writes them in order.
pub async fn apply(client: &Client, writes: &[Write]) -> Result<(), Error> {
    let params = PatchParams::apply(FIELD_MANAGER).force().validation_strict();
    for Write { namespace, name, object, .. } in writes {
        let api: Api<PluginInstall> = Api::namespaced(client.clone(), namespace);
        api.patch(name, &params, &Patch::Apply(object)).await?;
    }
    Ok(())
}

/// Waits until each serves the version that was planned, or says that a person must act.
pub async fn wait(client: &Client, writes: &[Write], timeout: Duration) -> Result<(), Error> {
    for write in writes {
        let (place, what) = ((write.namespace.as_str(), write.name.as_str()), format!("at {}", write.version));
        wait::until(client, place, (timeout, &what), |install| verdict(install, write)).await??;
    }
    Ok(())
}

/// How it ended, if it has.
fn verdict(install: &PluginInstall, write: &Write) -> Option<Result<(), Error>> {
    let status = install.status.as_ref()?;
    if status.observed_generation < install.metadata.generation {
        return None;
    }
    let ready = status.conditions.iter().find(|condition| condition.type_ == "Ready")?;
    let at_rest = status.phase == Some(Phase::Suspended);
    if ready.status == "True" && (at_rest || status.version.as_ref() == Some(&write.version)) {
        return Some(Ok(()));
    }
    (status.phase == Some(Phase::Stalled))
        .then(|| Err(Error::Install(format!("{}/{}: {}", write.namespace, write.name, ready.message))))
}
