//! `plexica delete KIND NAME…` or `plexica delete -f FILE`

use std::{path::PathBuf, time::Duration};

use kube::{
    Api, Resource, ResourceExt,
    api::{DeleteParams, Patch, PatchParams},
    core::DynamicObject,
    runtime::{conditions::is_deleted, wait::await_condition},
};

use plexica_crds::{Tenant, label::CONFIRM_DELETION};
use serde_json::json;

use super::{
    kind::{self, Kind},
    manifest,
};
use crate::{cluster, error::Error};

/// What to delete.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Kind and names: `tenant acme` or `tenant/acme`.
    #[arg(required_unless_present = "files")]
    targets: Vec<String>,
    /// Files that hold the resources to delete.
    #[arg(short = 'f', long = "filename", conflicts_with = "targets")]
    files: Vec<PathBuf>,
    /// Namespace of namespaced resources.
    #[arg(short, long)]
    namespace: Option<String>,
    /// Name of the tenant whose data is to go for good: asked for when its deletionPolicy is Delete.
    #[arg(long, value_name = "TENANT")]
    confirm: Option<String>,
    /// With --confirm: the data goes without a final backup of it.
    #[arg(long, requires = "confirm")]
    skip_final_backup: bool,
    /// Return without waiting until they are gone.
    #[arg(long)]
    no_wait: bool,
    /// Seconds to wait for each.
    #[arg(long, default_value_t = 120)]
    timeout: u64,
    #[command(flatten)]
    cluster: cluster::Connection,
}

struct Target {
    api: Api<DynamicObject>,
    display: String,
    name: String,
    is_tenant: bool,
}

impl Target {
    fn of(kind: &Kind, client: &kube::Client, namespace: &str, name: String) -> Self {
        Self {
            api: kind.api(client.clone(), namespace),
            display: kind.display(&name),
            is_tenant: kind.resource.group == Tenant::group(&()) && kind.resource.kind == Tenant::kind(&()),
            name,
        }
    }
}

/// Deletes them, last first, so that what was applied together goes in the right order.
pub async fn run(options: Options) -> Result<(), Error> {
    let (client, default_namespace) = options.cluster.connect().await?;
    let fallback = options.namespace.clone().unwrap_or(default_namespace);
    let mut targets = Vec::new();
    if options.files.is_empty() {
        let (word, names) = kind::targets(&options.targets)?;
        if names.is_empty() {
            return Err(Error::NoTarget);
        }
        let kind = Kind::of_word(&client, &word).await?;
        for name in names {
            targets.push(Target::of(&kind, &client, &fallback, name));
        }
    } else {
        for object in manifest::read(&options.files)?.into_iter().rev() {
            let kind = Kind::of_object(&client, &object).await?;
            let name = object.metadata.name.unwrap_or_default();
            let namespace = object.metadata.namespace.unwrap_or_else(|| fallback.clone());
            targets.push(Target::of(&kind, &client, &namespace, name));
        }
    }
    for target in targets {
        delete(&target, &options).await?;
    }
    Ok(())
}

async fn delete(target: &Target, options: &Options) -> Result<(), Error> {
    let Target { api, display, name, is_tenant } = target;
    let uid = match api.get_metadata_opt(name).await? {
        Some(object) => object.metadata.uid.unwrap_or_default(),
        None if options.files.is_empty() => return Err(Error::NotThere(display.clone())),
        None => {
            println!("{display} was not there");
            return Ok(());
        }
    };
    if *is_tenant {
        confirm(api, name, options).await?;
    }
    api.delete(name, &DeleteParams::default()).await?;
    if options.no_wait {
        println!("{display} is being deleted");
        return Ok(());
    }
    let gone = await_condition(api.clone(), name, is_deleted(&uid));
    match tokio::time::timeout(Duration::from_secs(options.timeout), gone).await {
        Ok(Ok(_)) => println!("{display} deleted"),
        Ok(Err(error)) => return Err(Error::Watch(error.to_string())),
        Err(_) => return Err(Error::TimedOut { target: display.clone(), what: "gone".into() }),
    }
    Ok(())
}

/// The operator holds a tenant whose data is to go until that is confirmed; better to ask before
/// than to leave it half deleted.
async fn confirm(api: &Api<DynamicObject>, name: &str, options: &Options) -> Result<(), Error> {
    let tenant = api.get(name).await?;
    if tenant.data["spec"]["deletionPolicy"] != "Delete" {
        return Ok(());
    }
    let confirmed = tenant.annotations().get(CONFIRM_DELETION).is_some_and(|value| value == name);
    let said = options.confirm.as_deref() == Some(name);
    if !confirmed && !said {
        return Err(Error::NotConfirmed(name.to_owned()));
    }
    if said {
        let mut patch = json!({ "metadata": { "annotations": { CONFIRM_DELETION: name } } });
        if options.skip_final_backup {
            patch["spec"]["skipFinalBackup"] = json!(true);
        }
        api.patch(name, &PatchParams::default(), &Patch::Merge(&patch)).await?;
    }
    Ok(())
}
