//! What came of a tenant's parts when it goes, in conditions and in words. Pure.

use jiff::Timestamp;
use plexica_crds::{
    ConditionType, Conditions, Reason, Tenant, TenantStatus,
    tenant::{DeletionPolicy, FinalBackupStatus, Phase},
};

use super::backup::wanted;
use crate::{
    problem::{Problem, worst},
    resource::{Parted, WAITS, settled},
    settings::Settings,
};

/// A part of a tenant, by the name that people give up on it with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartName {
    /// Schema and role.
    Database,
    /// Realm.
    Identity,
    /// Bucket.
    Storage,
    /// Namespace and Secrets.
    Namespace,
}

impl PartName {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 4] = [Self::Database, Self::Identity, Self::Storage, Self::Namespace];

    /// As people write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Identity => "identity",
            Self::Storage => "storage",
            Self::Namespace => "namespace",
        }
    }

    const fn condition(self) -> ConditionType {
        match self {
            Self::Database => ConditionType::DatabaseReady,
            Self::Identity => ConditionType::IdentityReady,
            Self::Storage => ConditionType::StorageReady,
            Self::Namespace => ConditionType::NamespaceReady,
        }
    }
}

/// How far the removal of a tenant has come.
#[derive(Clone, Debug, Default)]
pub struct Leaving {
    /// What holds it up; nothing means that it can go.
    pub holding: Vec<Problem>,
    /// Its parts; none while something holds up all of them.
    pub parts: Vec<Parted<PartName>>,
}

impl Leaving {
    /// One that cannot begin.
    pub fn held(holding: Vec<Problem>) -> Self {
        Self { holding, parts: Vec::new() }
    }

    /// One in which each part was looked at.
    pub fn of(parts: Vec<Parted<PartName>>) -> Self {
        let problem = |parted: &Parted<PartName>| Some(parted.fate.as_ref().err()?.of_part(parted.part.as_str()));
        Self { holding: parts.iter().filter_map(problem).collect(), parts }
    }
}

/// The status of a tenant that goes: what holds it up, or what came of it, and each part's own.
pub fn status(tenant: &Tenant, leaving: &Leaving, settings: &Settings, now: Timestamp) -> TenantStatus {
    let Leaving { holding, parts } = leaving;
    let last = tenant.status.clone().unwrap_or_default();
    let mut conditions = Conditions::new(&last.conditions, tenant.metadata.generation, now);
    let mut fates = Vec::new();
    for part in PartName::ALL {
        let before = last.conditions.iter().find(|condition| condition.type_ == part.condition().as_str());
        let (reason, message) = match parts.iter().find(|parted| parted.part == part) {
            Some(parted) => {
                let (reason, message) = parted.told(before);
                fates.push((reason, parted.object.as_str()));
                (reason, message)
            }
            None => settled(before).unwrap_or_else(|| (Reason::Deleting, WAITS.into())),
        };
        conditions.set_false(part.condition(), reason, message);
    }
    backup(&mut conditions, tenant, holding, settings);
    match worst(holding) {
        None => {
            let kept = fates.iter().any(|(reason, _)| *reason == Reason::Retained);
            conditions.set_false(
                ConditionType::Ready,
                if kept { Reason::Retained } else { Reason::Removed },
                summary(&fates),
            );
        }
        Some(problem) => {
            let sentences: Vec<_> = holding.iter().map(|problem| problem.message.as_str()).collect();
            let message = format!("being removed; {}", sentences.join(" "));
            conditions.set_false(ConditionType::Ready, problem.of_departure(), &message);
            conditions.set_true(problem.beside(), problem.of_departure(), message);
        }
    }
    TenantStatus {
        observed_generation: tenant.metadata.generation,
        phase: Some(Phase::Terminating),
        conditions: conditions.finish(),
        ..last
    }
}

/// Whether what is removed is in a backup; nothing of what is kept.
fn backup(conditions: &mut Conditions, tenant: &Tenant, holding: &[Problem], settings: &Settings) {
    let kind = ConditionType::BackedUp;
    let about_it = |problem: &&Problem| matches!(problem.reason, Reason::BackupFailed | Reason::BackupNotConfigured);
    let made = tenant.status.as_ref().and_then(|status| status.final_backup.as_ref());
    if let Some(problem) = holding.iter().find(|problem| problem.reason == Reason::BackupIncomplete) {
        conditions.set_false(kind, problem.reason, &problem.message);
    } else if let Some(FinalBackupStatus { bucket, prefix, abandoned, .. }) = made {
        let without = if abandoned.is_empty() { String::new() } else { format!(", without {}", abandoned.join(",")) };
        let told = format!("the final backup lies in bucket {bucket} under {prefix}{without}");
        conditions.set_true(kind, Reason::BackedUp, told);
    } else if tenant.spec.deletion_policy == DeletionPolicy::Retain {
        // There is nothing to be backed up.
    } else if !wanted(tenant, settings) {
        let by = if tenant.spec.skip_final_backup { "spec.skipFinalBackup" } else { "PLEXICA_FINAL_BACKUP" };
        conditions.set_false(kind, Reason::BackupSkipped, format!("{by} says to go without"));
    } else if let Some(problem) = holding.iter().find(about_it) {
        conditions.set_false(kind, problem.reason, &problem.message);
    } else {
        conditions.set_false(kind, Reason::Progressing, "it is made before anything is removed");
    }
}

/// All parts in one line.
fn summary(fates: &[(Reason, &str)]) -> String {
    let groups = [
        (Reason::Removed, "removed"),
        (Reason::Retained, "kept, marked with the time"),
        (Reason::Gone, "gone before"),
        (Reason::Conflict, "not its own and left alone"),
        (Reason::Abandoned, "given up"),
    ];
    let told = groups.iter().filter_map(|(reason, words)| {
        let objects: Vec<_> = fates.iter().filter(|(fate, _)| fate == reason).map(|(_, object)| *object).collect();
        (!objects.is_empty()).then(|| format!("{words}: {}", objects.join(", ")))
    });
    let told = told.collect::<Vec<_>>().join("; ");
    if told.is_empty() { "it never had anything".into() } else { told }
}

#[cfg(test)]
#[path = "farewell_tests.rs"]
mod tests;
