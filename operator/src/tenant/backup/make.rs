//! Makes the backup, or finds it made.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;
use plexica_backends::{
    Error, System,
    s3::archive::{Upload, ensure, read},
};
use plexica_crds::{PluginInstall, Reason, Tenant, tenant::FinalBackupStatus};

use super::{
    contents::Target,
    due::Place,
    manifest::{self, Install, Manifest},
};
use crate::{
    context::Context,
    problem::Problem,
    resource::uid,
    tenant::{farewell::PartName, validate::Valid},
};

/// What is there when it is done; parts that were given up are not read.
///
/// # Errors
/// What is in the way of it.
pub async fn make(
    context: &Context,
    tenant: &Tenant,
    valid: &Valid,
    abandoned: &[&str],
    place: &Place,
) -> Result<FinalBackupStatus, Problem> {
    let Place { bucket, prefix, deleted_at } = place;
    let status = |at| FinalBackupStatus { bucket: bucket.clone(), prefix: prefix.clone(), completed_at: Time(at) };
    let mark = context.settings.backup_mark();
    let made = ensure(&context.store, &context.intents, bucket, &mark);
    let made = context.tried(System::S3, "ensure", made).await.map_err(|problem| failed("storage", &problem))?;
    context.wrote(System::S3, &made);
    let key = format!("{prefix}{}", manifest::NAME);
    let found = read(&context.store, bucket, &key);
    let found = context.tried(System::S3, "observe", found).await.map_err(|problem| failed("storage", &problem))?;
    let found = found.and_then(|found| serde_json::from_slice::<Manifest>(&found).ok());
    if let Some(found) = found.filter(|found| found.is_of(&uid(tenant), *deleted_at)) {
        return Ok(status(found.completed_at));
    }
    let mut manifest = begun(context, tenant, *deleted_at);
    manifest.abandoned = abandoned.iter().map(|&part| part.to_owned()).collect();
    let mut target = Target::new(context, bucket, prefix);
    // One after the other: a backup takes as long as it takes, and others are served meanwhile.
    let (database, identity, storage) = (PartName::Database, PartName::Identity, PartName::Storage);
    let wanted = |part: PartName| !abandoned.contains(&part.as_str());
    let told = |part: PartName| move |problem: Problem| failed(part.as_str(), &problem);
    if wanted(database) {
        target.database(valid).await.map_err(told(database))?;
    }
    if wanted(identity) {
        target.identity(valid).await.map_err(told(identity))?;
    }
    if wanted(storage) {
        target.storage(valid).await.map_err(told(storage))?;
    }
    let Target { files, sources, .. } = target;
    (manifest.files, manifest.sources, manifest.completed_at) = (files, sources, Timestamp::now());
    write(context, bucket, key, &manifest).await.map_err(|error| failed("storage", &error.into()))?;
    Ok(status(manifest.completed_at))
}

fn begun(context: &Context, tenant: &Tenant, deleted_at: Timestamp) -> Manifest {
    let name = tenant.name_any();
    let installs = context.installs.state();
    let installs = installs.iter().filter(|install| install.spec.tenant_ref.name == name);
    let installs = installs.map(|install: &std::sync::Arc<PluginInstall>| Install {
        namespace: install.namespace().unwrap_or_default(),
        name: install.name_any(),
        spec: install.spec.clone(),
        migrated_version: install.status.as_ref().and_then(|status| status.migrated_version.clone()),
    });
    let installs = installs.collect();
    let tenant = manifest::Tenant { name, uid: uid(tenant), spec: tenant.spec.clone() };
    Manifest::new(&context.settings.installation.name, tenant, installs, deleted_at)
}

async fn write(context: &Context, bucket: &str, key: String, manifest: &Manifest) -> Result<(), Error> {
    let text = serde_json::to_vec_pretty(manifest).map_err(|error| {
        let remedy = "This is a fault of Plexica: please report it.";
        Error::new(System::S3, plexica_backends::Kind::Invalid, "the manifest cannot be written as JSON", remedy)
            .because(error)
    })?;
    let mut upload = Upload::begin(&context.store, bucket, key).await?;
    upload.write(&text).await?;
    upload.finish().await.map(drop)
}

fn failed(part: &str, problem: &Problem) -> Problem {
    Problem::new(Reason::BackupFailed, format!("the final backup failed: {}", problem.of_part(part)))
}
