//! `plexica apply -f FILE`

use std::path::PathBuf;

use kube::{
    Client,
    api::{Patch, PatchParams},
    core::DynamicObject,
};

use super::{kind::Kind, manifest};
use crate::{cluster, error::Error};

/// Field manager of what people apply with this command.
pub const FIELD_MANAGER: &str = "plexica-cli";

/// What to apply.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Files, folders, or - for standard input.
    #[arg(short = 'f', long = "filename", required = true)]
    files: Vec<PathBuf>,
    /// Namespace of resources that name none.
    #[arg(short, long)]
    namespace: Option<String>,
    /// Check and answer as always, and change nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    cluster: cluster::Connection,
}

/// Applies them in order; the first that is refused stops it.
pub async fn run(options: Options) -> Result<(), Error> {
    let objects = manifest::read(&options.files)?;
    let (client, default_namespace) = options.cluster.connect().await?;
    for object in objects {
        let namespace = options.namespace.as_ref().unwrap_or(&default_namespace);
        println!("{}", one(&client, &object, namespace, options.dry_run).await?);
    }
    Ok(())
}

/// Applies one, and says what became of it; in that namespace if it names none.
pub async fn one(client: &Client, object: &DynamicObject, namespace: &str, dry_run: bool) -> Result<String, Error> {
    let mut params = PatchParams::apply(FIELD_MANAGER).force().validation_strict();
    params.dry_run = dry_run;
    let kind = Kind::of_object(client, object).await?;
    let name = object.metadata.name.clone().unwrap_or_default();
    let api = kind.api(client.clone(), object.metadata.namespace.as_deref().unwrap_or(namespace));
    let before = api.get_metadata_opt(&name).await?.and_then(|object| object.metadata.resource_version);
    let after = api.patch(&name, &params, &Patch::Apply(object)).await?.metadata.resource_version;
    let what = match before {
        None => "created",
        Some(version) if Some(&version) == after.as_ref() => "unchanged",
        Some(_) => "configured",
    };
    let dry = if dry_run { " (dry run)" } else { "" };
    Ok(format!("{} {what}{dry}", kind.display(&name)))
}
