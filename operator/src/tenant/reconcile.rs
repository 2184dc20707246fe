//! The pipeline of a tenant.

use std::time::Duration;

use jiff::Timestamp;
use kube::{Api, ResourceExt, runtime::controller::Action};
use plexica_crds::{Reason, Tenant, TenantStatus};

use super::{
    apply::apply,
    backup::Place,
    cleanup::{abandoned_parts, back_up, backup_due, cleanup},
    farewell::{self, Leaving, PartName},
    observe::observe,
    plan::plan,
    quota::Change,
    rehearse, report,
    validate::validate,
};
use crate::{
    context::Context,
    drift::{self, Record},
    operation::{about_tenant, conclude_tenant, record_tenant, tenant_left, tolerate},
    problem::{Problem, worst},
    resource::{add_finalizer, given_up, is_paused, is_rehearsed, publish, remove_finalizer, uid, write_status},
};

/// How long after a deletion its final backup begins, at the earliest. Times in metadata are cut to whole seconds.
const HEARD: Duration = Duration::from_secs(4);

/// Brings one tenant closer to its spec, and says when to look again.
pub async fn reconcile(context: &Context, tenant: &Tenant) -> (Action, Option<Problem>) {
    let api: Api<Tenant> = Api::all(context.client.clone());
    // The cache may be behind what this operator itself wrote a moment ago.
    let result = match api.get_opt(&tenant.name_any()).await {
        Ok(Some(tenant)) if is_paused(&tenant) => rest(context, &api, tenant).await,
        Ok(Some(tenant)) if is_rehearsed(&tenant) => Box::pin(tell(context, &api, tenant)).await,
        Ok(Some(tenant)) if tenant.metadata.deletion_timestamp.is_some() => {
            Box::pin(leave(context, &api, tenant)).await
        }
        Ok(Some(tenant)) => Box::pin(stay(context, &api, tenant)).await,
        Ok(None) => {
            context.operations.forget(&uid(tenant));
            return (Action::await_change(), None);
        }
        Err(error) => Err(error),
    };
    result.unwrap_or_else(|error| (context.refused(tenant, &error), Some(error.into())))
}

async fn rest(context: &Context, api: &Api<Tenant>, tenant: Tenant) -> Result<(Action, Option<Problem>), kube::Error> {
    // Nothing is done about it, so that there is nothing to be recorded before that ends.
    context.operations.forget(&uid(&tenant));
    let status = report::paused(&tenant, Timestamp::now());
    let tenant = write_status(&context.recorder, api, tenant, &status).await?;
    Ok((context.again(&tenant, None), None))
}

/// Does nothing, and says what it would do.
async fn tell(context: &Context, api: &Api<Tenant>, tenant: Tenant) -> Result<(Action, Option<Problem>), kube::Error> {
    context.operations.forget(&uid(&tenant));
    let (status, unseen) = rehearse::tell(context, &tenant).await;
    let tenant = write_status(&context.recorder, api, tenant, &status).await?;
    Ok((context.again(&tenant, unseen.as_ref()), unseen))
}

async fn stay(context: &Context, api: &Api<Tenant>, tenant: Tenant) -> Result<(Action, Option<Problem>), kube::Error> {
    let now = Timestamp::now();
    let plans = context.plans.borrow().clone();
    let known = validate(&tenant, &context.settings);
    let known = known.and_then(|valid| Change::of(&tenant, &plans).map(|change| (valid, change)));
    let (tenant, status, problem, look_at) = match known {
        // What cannot be needs no cleaning up, unless it could be before.
        Err(problem) => {
            let status = report::invalid(&tenant, &problem, now);
            (tenant, status, Some(problem), None)
        }
        Ok((valid, change)) => {
            // Before anything is made: what has no finalizer can go without being cleaned up.
            let tenant = add_finalizer(api, tenant).await?;
            let record = Record::new(valid.drift, tenant.status.as_ref().map(|status| &status.applied));
            let observed = Box::pin(observe(context, &valid, change)).await;
            let plan = plan(&valid, observed, &context.settings, &record, now);
            let tenant = forget(context, api, tenant, &plan.changing()).await?;
            let applied = Box::pin(apply(context, &valid, &record, plan, now)).await;
            drift::tell(context, &tenant, &applied.drift).await;
            let problem = applied.worst();
            publish(&context.recorder, &tenant, applied.notes.clone()).await;
            let look_at = applied.look_at;
            (tenant.clone(), report::report(&tenant, applied, Timestamp::now()), problem, look_at)
        }
    };
    let status = about_tenant(&tenant, status, problem.as_ref());
    conclude_tenant(context, &tenant, &status).await;
    let written = write_status(&context.recorder, api, tenant.clone(), &status).await?;
    tolerate(&written, record_tenant(context, &written).await);
    let action = match (&problem, look_at) {
        // Keys end whether or not anything changes.
        (None, Some(look_at)) => context.again_by(&tenant, look_at),
        (problem, _) => context.again(&tenant, problem.as_ref()),
    };
    Ok((action, problem))
}

/// Whoever finds parts half changed must not take them for drift.
async fn forget(
    context: &Context,
    api: &Api<Tenant>,
    tenant: Tenant,
    changing: &[&'static str],
) -> Result<Tenant, kube::Error> {
    let left = tenant.status.as_ref().and_then(|status| drift::without(&status.applied, changing));
    let Some(applied) = left else { return Ok(tenant) };
    let status = TenantStatus { applied, ..tenant.status.clone().unwrap_or_default() };
    write_status(&context.recorder, api, tenant, &status).await
}

async fn leave(context: &Context, api: &Api<Tenant>, tenant: Tenant) -> Result<(Action, Option<Problem>), kube::Error> {
    if !tenant.finalizers().iter().any(|finalizer| finalizer == plexica_crds::label::FINALIZER) {
        return Ok((Action::await_change(), None));
    }
    let (tenant, failed) = match backup_due(context, &tenant) {
        Some(place) => keep_a_copy(context, api, tenant, &place).await?,
        None => (tenant, None),
    };
    let leaving = match failed {
        Some(problem) => Leaving::held(vec![problem]),
        None => cleanup(context, &tenant).await,
    };
    let status = farewell::status(&tenant, &leaving, &context.settings, Timestamp::now());
    let last = tenant.status.as_ref().map_or(&[][..], |status| &status.conditions);
    for note in given_up(last, &status.conditions) {
        tracing::warn!(tenant = tenant.name_any(), "{}", note.text);
    }
    let status = match worst(&leaving.holding) {
        None => tenant_left(&tenant, status),
        holding => about_tenant(&tenant, status, holding),
    };
    conclude_tenant(context, &tenant, &status).await;
    // Before the finalizer goes: whoever watches sees what came of everything.
    let tenant = write_status(&context.recorder, api, tenant, &status).await?;
    let recorded = record_tenant(context, &tenant).await;
    if leaving.holding.is_empty() {
        let told = status.conditions.first().map_or("", |ready| &ready.message);
        tracing::info!(tenant = tenant.name_any(), "{told}");
        if let Err(problem) = recorded.or_else(|problem| without_database(&tenant, problem)) {
            return Ok((context.again(&tenant, Some(&problem)), Some(problem)));
        }
        context.operations.forget(&uid(&tenant));
        remove_finalizer(api, &tenant).await?;
        context.again(&tenant, None);
        return Ok((Action::await_change(), None));
    }
    tolerate(&tenant, recorded);
    let problem = worst(&leaving.holding).cloned();
    let action = match &problem {
        Some(waits) if waits.reason == Reason::InUse => context.again_unless_told(&tenant, waits),
        problem => context.again(&tenant, problem.as_ref()),
    };
    Ok((action, problem))
}

/// Who has given up on the database does not wait for it to record that.
fn without_database(tenant: &Tenant, problem: Problem) -> Result<(), Problem> {
    let given_up = abandoned_parts(tenant).is_ok_and(|parts| parts.contains(&PartName::Database.as_str()));
    if given_up { Ok(()) } else { Err(problem) }
}

/// Whether gateways and plugins have heard that a tenant goes, by a watch: what they still take for it after that is in
/// no final backup.
fn is_heard(tenant: &Tenant, now: Timestamp) -> bool {
    tenant.metadata.deletion_timestamp.as_ref().is_none_or(|since| now >= since.0 + HEARD)
}

/// Makes the final backup, and says so before anything of what it holds may go.
async fn keep_a_copy(
    context: &Context,
    api: &Api<Tenant>,
    tenant: Tenant,
    place: &Place,
) -> Result<(Tenant, Option<Problem>), kube::Error> {
    if !is_heard(&tenant, Timestamp::now()) {
        let unheard = "waits until its plugins have heard that it goes; the final backup follows.";
        return Ok((tenant, Some(Problem::new(Reason::Deleting, unheard))));
    }
    let Ok(_permit) = context.backups.try_acquire() else {
        let others = "waits until the final backups of other tenants are made.";
        return Ok((tenant, Some(Problem::new(Reason::Deleting, others))));
    };
    // It may take hours; what an earlier attempt failed at is said until this one is over.
    let failed = |status: &TenantStatus| status.conditions.iter().any(|c| c.reason == Reason::BackupFailed.as_str());
    let tenant = if tenant.status.as_ref().is_some_and(failed) {
        tenant
    } else {
        let begun = Leaving::held(vec![Problem::new(Reason::Deleting, "the final backup is being made.")]);
        let status = farewell::status(&tenant, &begun, &context.settings, Timestamp::now());
        write_status(&context.recorder, api, tenant, &status).await?
    };
    let made = match back_up(context, &tenant, place).await {
        Ok(made) => made,
        Err(problem) => return Ok((tenant, Some(problem))),
    };
    tracing::info!(tenant = tenant.name_any(), bucket = made.bucket, prefix = made.prefix, "the final backup is made");
    let mut done = tenant.clone();
    done.status.get_or_insert_default().final_backup = Some(made);
    let next = Leaving::held(vec![Problem::new(Reason::Deleting, "the final backup is made.")]);
    let status = farewell::status(&done, &next, &context.settings, Timestamp::now());
    Ok((write_status(&context.recorder, api, tenant, &status).await?, None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

    #[test]
    fn a_final_backup_waits_until_it_is_heard() {
        let mut tenant = crate::fixture::tenant("acme");
        assert!(is_heard(&tenant, Timestamp::UNIX_EPOCH));
        tenant.metadata.deletion_timestamp = Some(Time(Timestamp::UNIX_EPOCH));
        for (second, heard) in [(0, false), (3, false), (4, true), (3600, true)] {
            assert_eq!(is_heard(&tenant, Timestamp::from_second(second).unwrap()), heard, "{second}");
        }
    }
}
