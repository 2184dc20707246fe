//! Whether a backup is to be made, and where. Pure.

use std::collections::BTreeSet;

use jiff::Timestamp;
use plexica_crds::{
    Reason, Tenant,
    label::ABANDON,
    tenant::{DeletionPolicy, FinalBackupStatus},
};

use crate::{
    problem::Problem,
    settings::{BackupPlace, Settings},
    tenant::abandoned_parts,
};

/// Where a tenant's backup lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The bucket.
    pub bucket: String,
    /// What its keys begin with: of this tenant and this deletion alone.
    pub prefix: String,
    /// When the tenant was deleted.
    pub deleted_at: Timestamp,
}

/// Where the backup of a tenant that goes is to be made now, if it is.
pub fn due(tenant: &Tenant, settings: &Settings) -> Option<Place> {
    let BackupPlace::Bucket(bucket) = &settings.backup else { return None };
    if !wanted(tenant, settings) || tenant.status.as_ref().is_some_and(|status| status.final_backup.is_some()) {
        return None;
    }
    let deleted_at = tenant.metadata.deletion_timestamp.as_ref()?.0;
    let (slug, uid) = (tenant.metadata.name.as_ref()?, tenant.metadata.uid.as_ref()?);
    let prefix = format!("{slug}/{}-{uid}/", deleted_at.strftime("%Y%m%dT%H%M%SZ"));
    Some(Place { bucket: bucket.clone(), prefix, deleted_at })
}

/// Whether nothing need be waited for before data goes.
///
/// # Errors
/// When there is no backup yet and nobody has said to go without.
pub fn made(tenant: &Tenant, settings: &Settings) -> Result<(), Problem> {
    if !wanted(tenant, settings) {
        return Ok(());
    }
    if let Some(backup) = tenant.status.as_ref().and_then(|status| status.final_backup.as_ref()) {
        return complete(tenant, backup);
    }
    let name = tenant.metadata.name.as_deref().unwrap_or_default();
    Err(if settings.backup == BackupPlace::Missing {
        let message = format!(
            "all data of {name} would go without a backup, since the platform has no bucket for it (PLEXICA_BACKUP_BUCKET): have one configured, or set spec.skipFinalBackup to true, or spec.deletionPolicy to Retain."
        );
        Problem::new(Reason::BackupNotConfigured, message)
    } else {
        Problem::new(Reason::Deleting, format!("waits for the final backup of the tenant {name}."))
    })
}

/// What was given up when the backup was made, and is not any more, would go without being in any.
fn complete(tenant: &Tenant, backup: &FinalBackupStatus) -> Result<(), Problem> {
    let given_up = abandoned_parts(tenant).unwrap_or_default();
    let lacks = || backup.abandoned.iter().map(String::as_str);
    let missing: Vec<&str> = lacks().filter(|part| !given_up.contains(part)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let all: BTreeSet<&str> = lacks().chain(given_up).collect();
    let (missing, all) = (missing.join(","), all.into_iter().collect::<Vec<_>>().join(","));
    let message = format!(
        "the final backup was made without {missing}, which was given up then and is not any more: annotate the tenant with {ABANDON}={all}, or set spec.deletionPolicy to Retain, or spec.skipFinalBackup to true to remove it without a backup."
    );
    Err(Problem::new(Reason::BackupIncomplete, message))
}

/// Whether there is to be one before data goes.
pub fn wanted(tenant: &Tenant, settings: &Settings) -> bool {
    tenant.spec.deletion_policy == DeletionPolicy::Delete
        && !tenant.spec.skip_final_backup
        && settings.backup != BackupPlace::Off
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

    #[test]
    fn data_goes_with_a_backup_or_when_told_to() {
        use BackupPlace::{Missing, Off};
        use DeletionPolicy::{Delete, Retain};
        let there = || BackupPlace::Bucket("backups".into());
        for (policy, skip, done, place, is_due, holds) in [
            (Retain, false, false, there(), false, None),
            (Retain, false, false, Missing, false, None),
            (Delete, false, false, there(), true, Some(Reason::Deleting)),
            (Delete, false, true, there(), false, None),
            (Delete, false, true, Missing, false, None),
            (Delete, true, false, there(), false, None),
            (Delete, true, false, Missing, false, None),
            (Delete, false, false, Missing, false, Some(Reason::BackupNotConfigured)),
            (Delete, false, false, Off, false, None),
        ] {
            let mut tenant = fixture::tenant("acme");
            tenant.metadata.deletion_timestamp = Some(Time(Timestamp::UNIX_EPOCH));
            (tenant.spec.deletion_policy, tenant.spec.skip_final_backup) = (policy, skip);
            if done {
                let (bucket, prefix) = ("backups".into(), "acme/".into());
                tenant.status.as_mut().unwrap().final_backup = Some(backup(bucket, prefix, &[]));
            }
            let mut settings = fixture::settings();
            settings.backup = place;
            let label = format!("{policy:?} skip {skip} done {done} {:?}", settings.backup);
            assert_eq!(due(&tenant, &settings).is_some(), is_due, "{label}");
            assert_eq!(made(&tenant, &settings).err().map(|problem| problem.reason), holds, "{label}");
        }
    }

    fn backup(bucket: String, prefix: String, abandoned: &[&str]) -> FinalBackupStatus {
        let abandoned = abandoned.iter().map(ToString::to_string).collect();
        FinalBackupStatus { bucket, prefix, completed_at: Time(Timestamp::UNIX_EPOCH), abandoned }
    }

    #[test]
    fn what_is_not_in_it_goes_only_while_it_is_given_up() {
        let mut tenant = fixture::tenant("acme");
        tenant.spec.deletion_policy = DeletionPolicy::Delete;
        let done = backup("backups".into(), "acme/".into(), &["database", "storage"]);
        tenant.status.as_mut().unwrap().final_backup = Some(done);
        for (annotation, missing) in [
            (None, Some("without database,storage, ")),
            (Some("namespace"), Some("plexica.io/abandon=database,namespace,storage, ")),
            (Some("database"), Some("plexica.io/abandon=database,storage, ")),
            (Some("database,storage"), None),
        ] {
            let annotation = annotation.map(|parts| [(ABANDON.to_owned(), parts.to_owned())].into());
            tenant.metadata.annotations = annotation;
            let held = made(&tenant, &fixture::settings()).err();
            assert_eq!(held.as_ref().map(|problem| problem.reason), missing.map(|_| Reason::BackupIncomplete));
            assert!(held.is_none_or(|held| held.message.contains(missing.unwrap())), "{missing:?}");
        }
        tenant.spec.skip_final_backup = true;
        tenant.metadata.annotations = None;
        assert_eq!(made(&tenant, &fixture::settings()), Ok(()));
    }

    #[test]
    fn its_place_is_of_this_deletion_alone() {
        let mut tenant = fixture::tenant("acme");
        tenant.spec.deletion_policy = DeletionPolicy::Delete;
        assert_eq!(due(&tenant, &fixture::settings()), None, "it stays");
        tenant.metadata.deletion_timestamp = Some(Time("2026-11-26T15:04:05Z".parse().unwrap()));
        let place = due(&tenant, &fixture::settings()).unwrap();
        assert_eq!((place.bucket.as_str(), place.prefix.as_str()), ("backups", "acme/20261126T150405Z-uid-acme/"));
    }
}
