//! Makes the backup, or finds it made.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;
use plexica_backends::{
    Error, Kind, System,
    s3::archive::{clear, create, ensure, read},
};
use plexica_crds::{PluginInstall, Reason, Tenant, tenant::FinalBackupStatus};
use uuid::Uuid;

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

/// The parts that a backup reads.
const READ: [PartName; 3] = [PartName::Database, PartName::Identity, PartName::Storage];

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
    let Place { bucket, prefix, .. } = place;
    let mark = context.settings.backup_mark();
    let made = ensure(&context.store, &context.intents, bucket, &mark);
    let made = context.tried(System::S3, "ensure", made).await.map_err(|problem| failed("storage", &problem))?;
    context.wrote(System::S3, &made);
    let manifest = match found(context, tenant, place).await? {
        Some(manifest) => manifest,
        None => attempt(context, tenant, valid, abandoned, place).await?,
    };
    let Manifest { folder, completed_at, mut abandoned, .. } = manifest;
    // Of the others nothing is in any backup.
    abandoned.retain(|part| READ.iter().any(|read| read.as_str() == part));
    let (whole, content) = (key_of_manifest(place), format!("{prefix}{folder}"));
    tidy(context, place, prefix, |key| key == whole || key.starts_with(&content)).await;
    Ok(FinalBackupStatus {
        bucket: bucket.clone(),
        prefix: prefix.clone(),
        completed_at: Time(completed_at),
        abandoned,
    })
}

fn key_of_manifest(place: &Place) -> String {
    format!("{}{}", place.prefix, manifest::NAME)
}

/// The manifest of who has made the backup already.
async fn found(context: &Context, tenant: &Tenant, place: &Place) -> Result<Option<Manifest>, Problem> {
    let key = key_of_manifest(place);
    let found = read(&context.store, &place.bucket, &key);
    let found = context.tried(System::S3, "observe", found).await.map_err(|problem| failed("storage", &problem))?;
    let Some(found) = found else { return Ok(None) };
    let manifest = serde_json::from_slice::<Manifest>(&found).ok();
    let own = manifest.filter(|manifest| manifest.is_of(&uid(tenant), place.deleted_at));
    own.map(Some).ok_or_else(|| {
        let message = format!("{key} in bucket {} is not of this backup", place.bucket);
        failed("storage", &Error::new(System::S3, Kind::Conflict, message, "Remove or rename it.").into())
    })
}

/// A backup from its beginning, or that of another who was done with it before.
async fn attempt(
    context: &Context,
    tenant: &Tenant,
    valid: &Valid,
    abandoned: &[&str],
    place: &Place,
) -> Result<Manifest, Problem> {
    let folder = format!("{}/", Uuid::now_v7());
    let own = format!("{}{folder}", place.prefix);
    let mut manifest = begun(context, tenant, place.deleted_at, folder);
    manifest.abandoned = abandoned.iter().map(|&part| part.to_owned()).collect();
    if let Err(problem) = fill(context, valid, place, own.clone(), &mut manifest).await {
        // Only what no manifest can name any more: one that was sent and not answered may still appear.
        tidy(context, place, &own, |_| false).await;
        return Err(problem);
    }
    let first = write(context, place, &manifest).await.map_err(|error| failed("storage", &error.into()))?;
    if first {
        return Ok(manifest);
    }
    let made = found(context, tenant, place).await?;
    made.ok_or_else(|| Problem::new(Reason::BackupFailed, "the final backup was there, and is gone again."))
}

/// All parts, one after the other: a backup takes as long as it takes, and others are served meanwhile.
async fn fill(
    context: &Context,
    valid: &Valid,
    place: &Place,
    folder: String,
    manifest: &mut Manifest,
) -> Result<(), Problem> {
    let mut target = Target::new(context, &place.bucket, folder);
    let [database, identity, storage] = READ;
    let wanted = |part: PartName| !manifest.abandoned.iter().any(|given_up| given_up == part.as_str());
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
    Ok(())
}

/// What is left is part of what the backup holds, and is named by nothing.
async fn tidy(context: &Context, place: &Place, prefix: &str, keep: impl Fn(&str) -> bool) {
    let cleared = clear(&context.store, &place.bucket, prefix, keep);
    if let Err(error) = context.tried(System::S3, "retire", cleared).await {
        tracing::warn!(prefix, "what other attempts have left of a backup stays: {error}");
    }
}

fn begun(context: &Context, tenant: &Tenant, deleted_at: Timestamp, folder: String) -> Manifest {
    let name = tenant.name_any();
    let installs = context.installs_of.get(&name);
    let installs = installs.iter().map(|install: &std::sync::Arc<PluginInstall>| Install {
        namespace: install.namespace().unwrap_or_default(),
        name: install.name_any(),
        spec: install.spec.clone(),
        migrated_version: install.status.as_ref().and_then(|status| status.migrated_version.clone()),
    });
    let installs = installs.collect();
    let tenant = manifest::Tenant { name, uid: uid(tenant), spec: tenant.spec.clone() };
    Manifest::new(&context.settings.installation.name, tenant, installs, deleted_at, folder)
}

/// Whether it was the first.
async fn write(context: &Context, place: &Place, manifest: &Manifest) -> Result<bool, Error> {
    let text = serde_json::to_vec_pretty(manifest).map_err(|error| {
        let remedy = "This is a fault of Plexica: please report it.";
        Error::new(System::S3, Kind::Invalid, "the manifest cannot be written as JSON", remedy).because(error)
    })?;
    create(&context.store, &place.bucket, &key_of_manifest(place), text).await
}

fn failed(part: &str, problem: &Problem) -> Problem {
    match problem.reason {
        // Another operator makes it.
        Reason::Progressing => problem.of_part(part).of_part("the final backup"),
        _ => problem.of_part(part).of_part("the final backup failed").because(Reason::BackupFailed),
    }
}
