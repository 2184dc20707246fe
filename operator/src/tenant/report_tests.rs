use super::*;
use crate::fixture;

fn good() -> Applied {
    Applied {
        namespace: Ok("tenant-acme".into()),
        secrets: Ok(()),
        database: Ok(DatabaseStatus {
            placement: "default".into(),
            schema: "tenant_acme".into(),
            role: "tenant_acme".into(),
        }),
        identity: Ok(IdentityStatus {
            realm: "tenant-acme".into(),
            issuer: "https://id.test/realms/tenant-acme".into(),
        }),
        sign_in: Ok(()),
        storage: Ok(StorageStatus { bucket: "tenant-acme".into(), credentials_expire_at: None }),
        credentials: CredentialsStatus::default(),
        notes: Vec::new(),
        look_at: None,
        plan: quota::Outcome { in_force: None, told: Ok(()) },
        drift: Drift::default(),
    }
}

/// All 4⁴ ways in which the four parts can be good, wait, fail or be stuck.
fn combinations() -> Vec<(Applied, [Option<Remedy>; 4])> {
    let states = [None, Some(Reason::Pending), Some(Reason::BackendUnavailable), Some(Reason::Conflict)];
    let mut all = Vec::new();
    for (a, b, c, d) in (0..256).map(|n| (n & 3, n >> 2 & 3, n >> 4 & 3, n >> 6 & 3)) {
        let problem = |n: usize| states[n].map(|reason| Problem::new(reason, format!("because {n}.")));
        let mut applied = good();
        applied.namespace = problem(a).map_or(applied.namespace, Err);
        applied.database = problem(b).map_or(applied.database, Err);
        applied.identity = problem(c).map_or(applied.identity, Err);
        applied.storage = problem(d).map_or(applied.storage, Err);
        let remedies = [b, c, d, a].map(|n| problem(n).map(|problem| problem.remedy()));
        all.push((applied, remedies));
    }
    all
}

fn condition<'a>(
    status: &'a TenantStatus,
    kind: &str,
) -> Option<&'a k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition> {
    status.conditions.iter().find(|condition| condition.type_ == kind)
}

#[test]
fn every_combination_of_parts() {
    let tenant = fixture::tenant("acme");
    for (applied, remedies) in combinations() {
        let status = report(&tenant, applied.clone(), Timestamp::UNIX_EPOCH);
        let worst = remedies.iter().flatten().max();
        let phase = match worst {
            None => Phase::Ready,
            Some(Remedy::Wait) => Phase::Provisioning,
            Some(Remedy::Retry) => Phase::Degraded,
            Some(Remedy::Change) => Phase::Stalled,
        };
        assert_eq!(status.phase, Some(phase), "{applied:?}");
        assert_eq!(status.conditions[0].type_, "Ready");
        assert_eq!(status.conditions[0].status == "True", worst.is_none());
        assert_eq!(condition(&status, "Stalled").is_some(), worst == Some(&Remedy::Change));
        assert_eq!(condition(&status, "Reconciling").is_some(), matches!(worst, Some(Remedy::Wait | Remedy::Retry)));
        assert_eq!(status.ready_at.is_some(), worst.is_none());
        let kinds = ["DatabaseReady", "IdentityReady", "StorageReady", "NamespaceReady"];
        let names = ["database:", "identity:", "storage:", "namespace:"];
        for ((kind, name), remedy) in kinds.into_iter().zip(names).zip(remedies) {
            assert_eq!(condition(&status, kind).unwrap().status == "True", remedy.is_none(), "{kind}");
            assert_eq!(status.conditions[0].message.contains(name), remedy.is_some(), "{name}");
        }
    }
}

#[test]
fn an_unchanged_tenant_gives_an_unchanged_status() {
    for (applied, _) in combinations() {
        let mut tenant = fixture::tenant("acme");
        let first = report(&tenant, applied.clone(), Timestamp::UNIX_EPOCH);
        tenant.status = Some(first.clone());
        assert_eq!(report(&tenant, applied, Timestamp::MAX), first);
    }
}

#[test]
fn what_cannot_be_reached_is_still_where_it_was() {
    let mut tenant = fixture::tenant("acme");
    let ready = report(&tenant, good(), Timestamp::UNIX_EPOCH);
    tenant.status = Some(ready.clone());
    let down = Problem::new(Reason::BackendUnavailable, "no answer.");
    let all_down = Applied {
        sign_in: Ok(()),
        secrets: Ok(()),
        namespace: Err(down.clone()),
        database: Err(down.clone()),
        identity: Err(down.clone()),
        storage: Err(down.clone()),
        credentials: CredentialsStatus::default(),
        notes: Vec::new(),
        look_at: None,
        plan: quota::Outcome { in_force: None, told: Ok(()) },
        drift: Drift::default(),
    };
    let status = report(&tenant, all_down, Timestamp::MAX);
    assert_eq!(
        (status.database, status.identity, status.storage, status.namespace, status.ready_at),
        (ready.database, ready.identity, ready.storage, ready.namespace, ready.ready_at)
    );
    let status = invalid(&tenant, &Problem::new(Reason::UnknownPlacement, "no such"), Timestamp::MAX);
    assert_eq!(status.phase, Some(Phase::Stalled));
    assert!(status.identity.is_some());
}

#[test]
fn a_secret_that_is_somebody_elses_leaves_the_namespace_the_tenants() {
    let tenant = fixture::tenant("acme");
    let applied = Applied { secrets: Err(Problem::new(Reason::Conflict, "because.")), ..good() };
    let status = report(&tenant, applied, Timestamp::UNIX_EPOCH);
    assert_eq!((status.namespace.as_deref(), status.phase), (Some("tenant-acme"), Some(Phase::Stalled)));
    assert_eq!(condition(&status, "NamespaceReady").unwrap().reason, "Conflict");
}

#[test]
fn a_suspended_one_is_as_its_spec_says_once_all_parts_are_there() {
    let mut tenant = fixture::tenant("acme");
    tenant.spec.suspend = true;
    for (applied, remedies) in combinations() {
        let status = report(&tenant, applied, Timestamp::UNIX_EPOCH);
        let good = remedies.iter().flatten().next().is_none();
        assert_eq!(status.phase == Some(Phase::Suspended), good);
        let ready = condition(&status, "Ready").unwrap();
        assert_eq!((ready.status == "True", ready.reason == "Suspended"), (good, good));
    }
}

#[test]
fn what_is_somebody_elses_is_not_the_tenants_any_more() {
    let mut tenant = fixture::tenant("acme");
    tenant.status = Some(report(&tenant, good(), Timestamp::UNIX_EPOCH));
    for (reason, stays) in [
        (Reason::Pending, true),
        (Reason::BackendUnavailable, true),
        (Reason::BackendDenied, true),
        // A field that Keycloak refuses takes nobody's sign-in away.
        (Reason::InvalidSpec, true),
        (Reason::UnknownPlacement, true),
        (Reason::Conflict, false),
        (Reason::AdoptionRefused, false),
    ] {
        let problem = Problem::new(reason, "because.");
        for part in 0..4 {
            let mut applied = good();
            match part {
                0 => applied.database = Err(problem.clone()),
                1 => applied.identity = Err(problem.clone()),
                2 => applied.storage = Err(problem.clone()),
                _ => applied.namespace = Err(problem.clone()),
            }
            let status = report(&tenant, applied, Timestamp::MAX);
            let there = [
                status.database.is_some(),
                status.identity.is_some(),
                status.storage.is_some(),
                status.namespace.is_some(),
            ];
            let mut expected = [true; 4];
            expected[part] = stays;
            assert_eq!(there, expected, "{reason}, part {part}");
        }
    }
}

#[test]
fn what_parts_were_brought_to_is_kept_until_they_are_brought_to_something_else() {
    let mut tenant = fixture::tenant("acme");
    let brought = |pairs: &[(&str, &str)]| {
        let applied = pairs.iter().map(|(part, digest)| ((*part).to_owned(), (*digest).to_owned())).collect();
        Applied { drift: Drift { applied, ..Drift::default() }, ..good() }
    };
    tenant.status = Some(report(&tenant, brought(&[("database", "1"), ("identity", "1")]), Timestamp::UNIX_EPOCH));
    let status = report(&tenant, brought(&[("identity", "2")]), Timestamp::UNIX_EPOCH);
    assert_eq!((status.applied["database"].as_str(), status.applied["identity"].as_str()), ("1", "2"));
    let problem = Problem::new(Reason::UnknownPlacement, "no such");
    assert_eq!(invalid(&tenant, &problem, Timestamp::MAX).applied.len(), 2);
    assert_eq!(paused(&tenant, Timestamp::MAX).applied.len(), 2);
}

#[test]
fn what_is_left_to_differ_leaves_ready_alone() {
    let tenant = fixture::tenant("acme");
    let changes = plexica_backends::Changes::from_iter(["set displayName of realm tenant-acme"]);
    let kept = vec![drift::Difference { part: "identity", changes }];
    let applied = Applied { drift: Drift { kept, ..Drift::default() }, ..good() };
    let status = report(&tenant, applied, Timestamp::UNIX_EPOCH);
    assert_eq!(status.phase, Some(Phase::Ready));
    let drifted = condition(&status, "Drifted").unwrap();
    assert_eq!((drifted.status.as_str(), drifted.reason.as_str()), ("True", "DriftDetected"));
    assert!(drifted.message.contains("set displayName of realm tenant-acme"), "{}", drifted.message);
    let status = report(&tenant, good(), Timestamp::UNIX_EPOCH);
    assert_eq!(condition(&status, "Drifted").unwrap().status, "False");
}

#[test]
fn what_hinders_but_was_looked_at_is_no_unknown_drift() {
    let tenant = fixture::tenant("acme");
    let problem = |reason| Err(Problem::new(reason, "why."));
    let too_much = quota::Outcome { in_force: None, told: problem(Reason::QuotaExceeded) };
    for (applied, ready, drifted) in [
        (Applied { plan: too_much, ..good() }, "QuotaExceeded", "False"),
        (Applied { sign_in: problem(Reason::SecretNotFound), ..good() }, "SecretNotFound", "False"),
        (
            Applied { storage: Err(Problem::new(Reason::BackendUnavailable, "why.")), ..good() },
            "BackendUnavailable",
            "Unknown",
        ),
    ] {
        let status = report(&tenant, applied, Timestamp::UNIX_EPOCH);
        assert_eq!(condition(&status, "Ready").unwrap().reason, ready);
        assert_eq!(condition(&status, "Drifted").unwrap().status, drifted, "{ready}");
    }
}
