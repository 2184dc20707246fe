//! A tenant's status. Pure.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;
use plexica_crds::{
    ConditionType, Conditions, Reason, Tenant, TenantStatus,
    tenant::{CredentialsStatus, DatabaseStatus, IdentityStatus, Phase, StorageStatus},
};

use super::{Part, quota};
use crate::{
    drift::{self, Drift},
    problem::{Problem, Remedy, worst},
    resource::{self, Note},
};

/// What came of applying the plan.
#[derive(Clone, Debug)]
pub struct Applied {
    /// Namespace.
    pub namespace: Part<String>,
    /// The Secrets in it.
    pub secrets: Part<()>,
    /// Schema and role.
    pub database: Part<DatabaseStatus>,
    /// Realm.
    pub identity: Part<IdentityStatus>,
    /// Its settings, as far as they depend on something else.
    pub sign_in: Part<()>,
    /// Bucket and credentials.
    pub storage: Part<StorageStatus>,
    /// The plan in force.
    pub plan: quota::Outcome,
    /// What is known of its credentials.
    pub credentials: CredentialsStatus,
    /// What of them was replaced, or has ended.
    pub notes: Vec<Note>,
    /// When something is to be done about them next.
    pub look_at: Option<Timestamp>,
    /// What was changed behind the operator's back.
    pub drift: Drift,
}

impl Applied {
    /// What is most in the way.
    pub fn worst(&self) -> Option<Problem> {
        let Self {
            namespace,
            secrets,
            database,
            identity,
            sign_in,
            storage,
            credentials: _,
            notes: _,
            look_at: _,
            plan,
            drift: _,
        } = self;
        let parts = [database.as_ref().err(), identity.as_ref().err(), sign_in.as_ref().err(), storage.as_ref().err()];
        let room = [namespace.as_ref().err(), secrets.as_ref().err(), plan.told.as_ref().err()];
        let problems: Vec<Problem> = parts.into_iter().chain(room).flatten().cloned().collect();
        worst(&problems).cloned()
    }
}

/// The status after a plan was applied.
pub fn report(tenant: &Tenant, applied: Applied, now: Timestamp) -> TenantStatus {
    let Applied {
        namespace,
        secrets,
        database,
        identity,
        sign_in,
        storage,
        credentials: CredentialsStatus { identity: servers, storage: keys },
        notes: _, // published by whoever has the resource
        look_at: _,
        plan,
        drift,
    } = applied;
    let last = tenant.status.clone().unwrap_or_default();
    let generation = tenant.metadata.generation;
    let mut conditions = Conditions::new(&last.conditions, generation, now);
    let mut problems = Vec::new();
    let mut told = |kind, part: &str, problem: Option<&Problem>| match problem {
        None => conditions.set_true(kind, Reason::Provisioned, ""),
        Some(problem) => {
            conditions.set_false(kind, problem.reason, &problem.message);
            problems.push(problem.of_part(part));
        }
    };
    told(ConditionType::DatabaseReady, "database", database.as_ref().err());
    told(ConditionType::IdentityReady, "identity", identity.as_ref().err().or(sign_in.as_ref().err()));
    told(ConditionType::StorageReady, "storage", storage.as_ref().err());
    told(ConditionType::NamespaceReady, "namespace", namespace.as_ref().err().or(secrets.as_ref().err()));
    let quota::Outcome { in_force, told: of_plan } = plan;
    told(ConditionType::PlanApplied, "plan", of_plan.as_ref().err());
    // Whether a plan fits, or a Secret is there, says nothing of what was looked at.
    let parts = [database.as_ref().err(), identity.as_ref().err(), storage.as_ref().err(), namespace.as_ref().err()];
    let unseen: Vec<Problem> = parts.into_iter().chain([secrets.as_ref().err()]).flatten().cloned().collect();
    drift::mark(&mut conditions, &drift, worst(&unseen));
    let phase = overall(&mut conditions, &problems, tenant.spec.suspend);
    TenantStatus {
        operation: last.operation,
        applied: last.applied.into_iter().chain(drift.applied).collect(),
        observed_generation: generation,
        phase: Some(phase),
        conditions: conditions.finish(),
        database: standing(database, last.database),
        // What could not be read now is what it was.
        credentials: CredentialsStatus {
            identity: if identity.is_ok() { servers } else { last.credentials.identity },
            storage: if storage.is_ok() { keys } else { last.credentials.storage },
        },
        identity: standing(identity, last.identity),
        storage: standing(storage, last.storage),
        namespace: standing(namespace, last.namespace),
        plan: in_force,
        final_backup: None,
        ready_at: last.ready_at.or_else(|| matches!(phase, Phase::Ready | Phase::Suspended).then_some(Time(now))),
    }
}

/// What is said of a part. One that cannot be reached or changed now is still where it was; one that
/// is somebody else's by now is the tenant's no more, or the gateway would let their users in.
fn standing<T>(part: Part<T>, last: Option<T>) -> Option<T> {
    match part {
        Ok(status) => Some(status),
        Err(problem) if problem.is_anothers() => None,
        Err(_) => last,
    }
}

/// The status of a tenant whose spec cannot be.
pub fn invalid(tenant: &Tenant, problem: &Problem, now: Timestamp) -> TenantStatus {
    let last = tenant.status.clone().unwrap_or_default();
    let mut conditions = Conditions::new(&last.conditions, tenant.metadata.generation, now);
    if problem.reason == Reason::UnknownPlan {
        conditions.set_false(ConditionType::PlanApplied, problem.reason, &problem.message);
    }
    let phase = overall(&mut conditions, std::slice::from_ref(problem), tenant.spec.suspend);
    TenantStatus {
        observed_generation: tenant.metadata.generation,
        phase: Some(phase),
        conditions: conditions.finish(),
        ..last
    }
}

/// The status of a tenant that is left alone.
pub fn paused(tenant: &Tenant, now: Timestamp) -> TenantStatus {
    let last = tenant.status.clone().unwrap_or_default();
    let conditions = resource::paused(tenant, &format!("tenant {}", tenant.name_any()), &last.conditions, now);
    let phase = if tenant.metadata.deletion_timestamp.is_some() { Phase::Terminating } else { Phase::Paused };
    TenantStatus { phase: Some(phase), conditions, ..last }
}

fn overall(conditions: &mut Conditions, problems: &[Problem], suspended: bool) -> Phase {
    let Some(worst) = worst(problems) else {
        if suspended {
            let message = "suspended: nobody gets in, no plugin runs and the data stays, as the spec says";
            conditions.set_true(ConditionType::Ready, Reason::Suspended, message);
            return Phase::Suspended;
        }
        conditions.set_true(ConditionType::Ready, Reason::Provisioned, "all parts are ready");
        return Phase::Ready;
    };
    let message = sentences(problems);
    conditions.set_false(ConditionType::Ready, worst.reason, &message);
    conditions.set_true(worst.beside(), worst.reason, message);
    match worst.remedy() {
        Remedy::Wait => Phase::Provisioning,
        Remedy::Retry => Phase::Degraded,
        Remedy::Change => Phase::Stalled,
    }
}

fn sentences(problems: &[Problem]) -> String {
    problems.iter().map(|problem| problem.message.as_str()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
