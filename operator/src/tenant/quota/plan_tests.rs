use super::*;
use crate::{drift::Course, fixture, plans::Plans, problem::Problem, tenant::validate::validate};
use k8s_openapi::api::core::v1::{ResourceQuota, ResourceQuotaStatus};
use plexica_crds::{Reason, tenant::DriftPolicy};

const PLANS: &str = "
free: { quotas: { users: 5 } }
renamed: { quotas: { users: 5 }, features: [sso] }
cpu: { resources: { limits: { cpu: 1 } } }
";

fn plans() -> Plans {
    fixture::plans(PLANS)
}

fn valid() -> Valid {
    validate(&fixture::tenant("acme"), &fixture::settings()).unwrap()
}

fn record() -> Record {
    Record::new(DriftPolicy::Repair, None)
}

fn change(in_force: Option<&str>, wanted: &str) -> Change {
    Change { in_force: in_force.map(|name| fixture::in_force(name, &plans())), wanted: plans().get(wanted) }
}

fn users(users: u64) -> Usage {
    Usage { users: Some(users), ..Usage::default() }
}

#[test]
fn which_plan_comes_and_which_stays() {
    let down = || Err(Problem::new(Reason::BackendUnavailable, "no answer."));
    let cases = [
        // (in force, wanted, usage, enters, refused)
        (None, "free", Ok(users(5)), Some("free"), None),
        (None, "free", Ok(users(6)), None, Some(Reason::QuotaExceeded)),
        (None, "free", down(), None, Some(Reason::BackendUnavailable)),
        (Some("cpu"), "free", Ok(users(5)), Some("free"), None),
        (Some("cpu"), "free", Ok(users(6)), None, Some(Reason::QuotaExceeded)),
        (Some("cpu"), "free", down(), None, Some(Reason::BackendUnavailable)),
        (Some("free"), "free", Ok(users(6)), None, None),
        (Some("free"), "cpu", Ok(users(6)), Some("cpu"), None),
        // It takes nothing away.
        (Some("free"), "renamed", Ok(users(6)), Some("renamed"), None),
        (Some("free"), "renamed", down(), Some("renamed"), None),
        (Some("free"), "brass", Ok(users(1)), None, Some(Reason::UnknownPlan)),
        (None, "brass", Ok(users(1)), None, Some(Reason::UnknownPlan)),
    ];
    for (in_force, wanted, usage, enters, refusal) in cases {
        let what = format!("{in_force:?} {wanted} {usage:?}");
        let observed = Observed { change: change(in_force, wanted), usage, objects: None };
        let Step { enter, in_force: stays, refused, objects } = plan(&valid(), observed, &record());
        assert_eq!(enter.map(|plan| plan.name).as_deref(), enters, "{what}");
        assert_eq!(stays.map(|plan| plan.name).as_deref(), in_force, "{what}");
        assert_eq!(refused.err().map(|problem| problem.reason), refusal, "{what}");
        assert!(objects.is_none());
    }
}

#[test]
fn the_namespace_is_brought_to_the_plan_that_comes_or_stays() {
    for (in_force, wanted, count, limited) in [
        (None, "cpu", 1, true),
        (Some("free"), "cpu", 1, true),
        (Some("cpu"), "free", 5, false),
        // It does not fit, so that the one before stays.
        (Some("cpu"), "free", 6, true),
        (Some("cpu"), "brass", 1, true),
        (None, "free", 6, false),
    ] {
        let objects = Some(Ok(Objects::default()));
        let observed = Observed { change: change(in_force, wanted), usage: Ok(users(count)), objects };
        let Ensure { desired, seen: _, aim } = plan(&valid(), observed, &record()).objects.unwrap().unwrap();
        assert_eq!((desired.quota.is_some(), desired.range.is_some()), (limited, limited), "{in_force:?} {wanted}");
        assert_eq!((aim.part, aim.course), ("plan", Course::Apply));
    }
}

#[test]
fn what_kubernetes_counts_is_used() {
    let with = |used: &str| {
        let mut quota = ResourceQuota::default();
        let used = serde_json::from_value(serde_json::json!({ "limits.cpu": used })).unwrap();
        quota.status = Some(ResourceQuotaStatus { used: Some(used), hard: None });
        Objects { quota: Some(quota), range: None }
    };
    for (used, refused) in [("1", None), ("1001m", Some(Reason::QuotaExceeded))] {
        let change = change(Some("free"), "cpu");
        let observed = Observed { change, usage: Ok(Usage::default()), objects: Some(Ok(with(used))) };
        let step = plan(&valid(), observed, &record());
        assert_eq!(step.refused.err().map(|problem| problem.reason), refused, "{used}");
    }
}
