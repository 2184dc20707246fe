//! `plexica restore tenant NAME --from PREFIX`: a tenant from its final backup.

use std::{fmt::Display, path::PathBuf, time::Duration};

use kube::{
    Api, ResourceExt,
    api::{Patch, PatchParams, PostParams},
    runtime::wait::{Condition, await_condition},
};
use plexica_backends::{keycloak::Realms, s3::Store};
use plexica_contract::name::Slug;
use plexica_crds::{PluginInstall, Tenant, label::RESTORING_FROM};
use plexica_operator::{
    config::{Database, Identity, Storage},
    restore::{Restore, Restored},
};
use serde_json::json;

use crate::{cluster, error::Error};

/// What to restore.
#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Bring a tenant's schemas, realm and users back and apply it. Needs the operator's credentials.
    Tenant(Box<OfTenant>),
}

/// A tenant that is gone, and the operator's configuration.
#[derive(Debug, clap::Args)]
struct OfTenant {
    /// Its name.
    name: Slug,
    /// What the backup's keys begin with, as it stood in status.finalBackup.prefix.
    #[arg(long, value_name = "PREFIX")]
    from: String,
    /// The bucket of backups.
    #[arg(long, env = "PLEXICA_BACKUP_BUCKET")]
    backup_bucket: String,
    /// The program `pg_restore`, of the servers' version or later.
    #[arg(long, env = "PLEXICA_PG_RESTORE", default_value = "pg_restore")]
    pg_restore: PathBuf,
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    identity: Identity,
    #[command(flatten)]
    storage: Storage,
    /// PEM file of CAs to trust besides the system's.
    #[arg(long, env = "PLEXICA_CA_BUNDLE")]
    ca_bundle: Option<PathBuf>,
    /// Seconds to wait until the tenant is Ready.
    #[arg(long, default_value_t = 120)]
    timeout: u64,
    #[command(flatten)]
    cluster: cluster::Connection,
}

/// Restores and applies it.
pub async fn run(options: Options) -> Result<(), Error> {
    let Options { what: What::Tenant(options) } = options;
    let OfTenant { name, from, backup_bucket, pg_restore, database, identity, storage, ca_bundle, timeout, cluster } =
        *options;
    let (client, _) = cluster.connect().await?;
    let tenants: Api<Tenant> = Api::all(client.clone());
    let prefix = format!("{}/", from.trim_end_matches('/'));
    let found = tenants.get_metadata_opt(name.as_str()).await?;
    let begun = found.as_ref().is_some_and(|tenant| tenant.annotations().get(RESTORING_FROM) == Some(&prefix));
    if found.is_some() && !begun {
        return Err(Error::Restore(format!("there is a tenant {name}: what it has is not overwritten")));
    }
    let backend = |error: plexica_backends::Error| Error::Restore(format!("{error}. {}", error.remedy));
    let restore = Restore {
        databases: &database.backend(ca_bundle.as_deref()).map_err(backend)?,
        realms: &Realms::new(identity.backend(ca_bundle.clone())).map_err(backend)?,
        store: &Store::new(storage.backend(ca_bundle)).map_err(backend)?,
        bucket: &backup_bucket,
        prefix: &prefix,
        pg_restore: &pg_restore,
    };
    let installs = if begun {
        println!("the data of tenant {name} was restored before");
        restore.installs(&name).await.map_err(refused)?
    } else {
        let restored = restore.run(&name).await.map_err(refused)?;
        tell(&restored);
        tenants.create(&PostParams::default(), &restored.tenant).await?;
        println!("applied tenant {name}");
        restored.installs
    };
    let ready = await_condition(tenants.clone(), name.as_str(), is_ready());
    match tokio::time::timeout(Duration::from_secs(timeout), ready).await {
        Ok(Ok(_)) => println!("tenant {name} is Ready"),
        Ok(Err(error)) => return Err(Error::Watch(error.to_string())),
        Err(_) => return Err(Error::TimedOut { target: format!("tenant {name}"), what: "Ready".into() }),
    }
    for install in installs {
        let api: Api<PluginInstall> = Api::namespaced(client.clone(), &install.namespace().unwrap_or_default());
        match api.create(&PostParams::default(), &install).await {
            Ok(_) => println!("applied plugininstall {}", install.name_any()),
            Err(kube::Error::Api(status)) if status.is_already_exists() => {
                println!("plugininstall {} is there", install.name_any());
            }
            Err(error) => return Err(error.into()),
        }
    }
    // From now on it is a tenant like any other, whose installs may go.
    let done = json!({ "metadata": { "annotations": { RESTORING_FROM: null } } });
    tenants.patch_metadata(name.as_str(), &PatchParams::default(), &Patch::Merge(done)).await?;
    Ok(())
}

fn refused(why: impl Display) -> Error {
    Error::Restore(why.to_string())
}

fn tell(restored: &Restored) {
    for schema in &restored.schemas {
        println!("restored schema {schema}");
    }
    if let Some((realm, users)) = &restored.realm {
        println!("restored realm {realm} with {users} user(s), who must set a new password");
    }
    if let Some((bucket, count)) = &restored.objects {
        println!("bucket {bucket} had {count} object(s), whose content is in no backup");
    }
}

fn is_ready() -> impl Condition<Tenant> {
    |tenant: Option<&Tenant>| {
        let conditions = tenant.and_then(|tenant| tenant.status.as_ref()).map(|status| &status.conditions);
        conditions.is_some_and(|list| list.iter().any(|one| one.type_ == "Ready" && one.status == "True"))
    }
}
