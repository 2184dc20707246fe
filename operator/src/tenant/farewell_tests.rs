use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use plexica_backends::Retired;

use super::*;
use crate::{fixture, resource::Fate, tenant::Part};

fn parted(part: PartName, object: &str, fate: Part<Fate>) -> Parted<PartName> {
    Parted { part, object: object.into(), fate }
}

fn down() -> Part<Fate> {
    Err(Problem::new(Reason::BackendUnavailable, "no answer."))
}

fn condition<'a>(status: &'a TenantStatus, kind: &str) -> &'a Condition {
    status.conditions.iter().find(|condition| condition.type_ == kind).unwrap()
}

/// Database and identity with these fates, after a status.
fn next(tenant: &mut Tenant, database: Part<Fate>, identity: Part<Fate>) -> TenantStatus {
    let leaving = Leaving::of(vec![
        parted(PartName::Database, "schema tenant_acme", database),
        parted(PartName::Identity, "realm tenant-acme", identity),
    ]);
    let status = status(tenant, &leaving, &fixture::settings(), Timestamp::UNIX_EPOCH);
    tenant.status = Some(status.clone());
    status
}

#[test]
fn a_tenant_that_goes_says_what_holds_it() {
    for (holding, reason) in [
        (vec![Problem::new(Reason::InUse, "the install a/b.")], "Deleting"),
        (vec![Problem::new(Reason::UnknownPart, "no such part.")], "UnknownPart"),
        (vec![Problem::new(Reason::BackendUnavailable, "identity: no answer.")], "BackendUnavailable"),
    ] {
        let status = status(
            &fixture::tenant("acme"),
            &Leaving::held(holding.clone()),
            &fixture::settings(),
            Timestamp::UNIX_EPOCH,
        );
        assert_eq!(status.phase, Some(Phase::Terminating));
        assert_eq!(condition(&status, "Ready").reason, reason);
        for problem in holding {
            assert!(status.conditions[0].message.contains(&problem.message));
        }
        for part in ["DatabaseReady", "IdentityReady", "StorageReady", "NamespaceReady"] {
            let part = condition(&status, part);
            assert_eq!((part.status.as_str(), part.reason.as_str()), ("False", "Deleting"));
        }
    }
}

#[test]
fn each_fate_has_its_reason_and_stands_in_the_last_word() {
    let by = |by: Option<&str>| Ok(Fate::Abandoned { by: by.map(str::to_owned) });
    for (fate, reason, message, last) in [
        (
            Ok(Fate::Retired(Retired::Removed)),
            "Removed",
            "schema tenant_acme was removed.",
            "removed: schema tenant_acme",
        ),
        (
            Ok(Fate::Retired(Retired::Kept)),
            "Retained",
            "schema tenant_acme is kept, marked with the time.",
            "kept, marked with the time: schema tenant_acme",
        ),
        (Ok(Fate::Retired(Retired::Gone)), "Gone", "schema tenant_acme was not there any more.", "gone before: schema"),
        (Ok(Fate::Retired(Retired::Foreign)), "Conflict", "not this tenant's", "not its own and left alone: schema"),
        (by(None), "Abandoned", "plexica.io/abandon says so", "given up: schema tenant_acme"),
        (by(Some("kubectl-annotate")), "Abandoned", "set by means of kubectl-annotate, says", "given up: schema"),
    ] {
        let status = next(&mut fixture::tenant("acme"), fate, Ok(Fate::Retired(Retired::Removed)));
        let database = condition(&status, "DatabaseReady");
        assert_eq!((database.status.as_str(), database.reason.as_str()), ("False", reason));
        assert!(database.message.contains(message), "{database:?}");
        let ready = condition(&status, "Ready");
        assert!(ready.message.contains(last), "{ready:?}");
        assert_eq!(ready.reason, if reason == "Retained" { "Retained" } else { "Removed" });
    }
}

#[test]
fn what_an_earlier_look_did_is_remembered() {
    let (removed, gone) = (|| Ok(Fate::Retired(Retired::Removed)), || Ok(Fate::Retired(Retired::Gone)));
    let mut tenant = fixture::tenant("acme");
    let status = next(&mut tenant, removed(), down());
    assert_eq!(condition(&status, "Ready").message, "being removed; identity: no answer.");
    assert_eq!(condition(&status, "IdentityReady").reason, "BackendUnavailable");
    let status = next(&mut tenant, gone(), Ok(Fate::Abandoned { by: None }));
    assert_eq!(condition(&status, "Ready").message, "removed: schema tenant_acme; given up: realm tenant-acme");
    // A new install holds everything up again.
    let held = Leaving::held(vec![Problem::new(Reason::InUse, "an install.")]);
    let status = super::status(&tenant, &held, &fixture::settings(), Timestamp::UNIX_EPOCH);
    assert_eq!(condition(&status, "DatabaseReady").reason, "Removed");
    assert_eq!(condition(&status, "StorageReady").reason, "Deleting");
    // Given up after it was dealt with.
    let status = next(&mut tenant, Ok(Fate::Abandoned { by: None }), gone());
    assert_eq!(condition(&status, "DatabaseReady").reason, "Removed");
    assert_eq!(condition(&status, "IdentityReady").reason, "Gone");
}

#[test]
fn one_that_never_was_is_not_said_to_have_been() {
    let status = status(&fixture::tenant("acme"), &Leaving::default(), &fixture::settings(), Timestamp::UNIX_EPOCH);
    assert_eq!(condition(&status, "Ready").message, "it never had anything");
}

#[test]
fn what_is_removed_says_where_its_backup_is() {
    let made = FinalBackupStatus {
        bucket: "backups".into(),
        prefix: "acme/1/".into(),
        completed_at: k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(Timestamp::UNIX_EPOCH),
        abandoned: Vec::new(),
    };
    let failed = || vec![Problem::new(Reason::BackupFailed, "no answer.")];
    for (policy, skip, made, holding, expected) in [
        (DeletionPolicy::Retain, false, None, vec![], None),
        (DeletionPolicy::Delete, true, None, vec![], Some(("False", "BackupSkipped"))),
        (DeletionPolicy::Delete, false, None, vec![], Some(("False", "Progressing"))),
        (DeletionPolicy::Delete, false, None, failed(), Some(("False", "BackupFailed"))),
        (DeletionPolicy::Delete, false, Some(made.clone()), vec![], Some(("True", "BackedUp"))),
        // It is there, whatever is said afterwards.
        (DeletionPolicy::Retain, true, Some(made), vec![], Some(("True", "BackedUp"))),
    ] {
        let mut tenant = fixture::tenant("acme");
        (tenant.spec.deletion_policy, tenant.spec.skip_final_backup) = (policy, skip);
        tenant.status.as_mut().unwrap().final_backup = made;
        let status = status(&tenant, &Leaving::held(holding), &fixture::settings(), Timestamp::UNIX_EPOCH);
        let found = status.conditions.iter().find(|condition| condition.type_ == "BackedUp");
        assert_eq!(found.map(|found| (found.status.as_str(), found.reason.as_str())), expected);
        assert_eq!(status.final_backup, tenant.status.unwrap().final_backup);
    }
}
