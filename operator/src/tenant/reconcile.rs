//! The pipeline of a tenant.

use jiff::Timestamp;
use kube::{Api, ResourceExt, runtime::controller::Action};
use plexica_crds::{Tenant, TenantStatus};

use super::{apply::apply, cleanup::cleanup, observe::observe, plan::plan, report, validate::validate};
use crate::{
    context::Context,
    drift::{self, Record},
    problem::{Problem, worst},
    resource::{add_finalizer, is_paused, remove_finalizer, write_status},
};

/// Brings one tenant closer to its spec, and says when to look again.
pub async fn reconcile(context: &Context, tenant: &Tenant) -> (Action, Option<Problem>) {
    let api: Api<Tenant> = Api::all(context.client.clone());
    // The cache may be behind what this operator itself wrote a moment ago.
    let result = match api.get_opt(&tenant.name_any()).await {
        Ok(Some(tenant)) if is_paused(&tenant) => rest(context, &api, tenant).await,
        Ok(Some(tenant)) if tenant.metadata.deletion_timestamp.is_some() => {
            Box::pin(leave(context, &api, tenant)).await
        }
        Ok(Some(tenant)) => Box::pin(stay(context, &api, tenant)).await,
        Ok(None) => return (Action::await_change(), None),
        Err(error) => Err(error),
    };
    result.unwrap_or_else(|error| (context.refused(tenant, &error), Some(error.into())))
}

async fn rest(context: &Context, api: &Api<Tenant>, tenant: Tenant) -> Result<(Action, Option<Problem>), kube::Error> {
    let status = report::paused(&tenant, Timestamp::now());
    let tenant = write_status(&context.recorder, api, tenant, &status).await?;
    Ok((context.again(&tenant, None), None))
}

async fn stay(context: &Context, api: &Api<Tenant>, tenant: Tenant) -> Result<(Action, Option<Problem>), kube::Error> {
    let now = Timestamp::now();
    let (tenant, status, problem, renew_at) = match validate(&tenant, &context.settings) {
        // What cannot be needs no cleaning up, unless it could be before.
        Err(problem) => {
            let status = report::invalid(&tenant, &problem, now);
            (tenant, status, Some(problem), None)
        }
        Ok(valid) => {
            // Before anything is made: what has no finalizer can go without being cleaned up.
            let tenant = add_finalizer(api, tenant).await?;
            let record = Record::new(valid.drift, tenant.status.as_ref().map(|status| &status.applied));
            let observed = Box::pin(observe(context, &valid)).await;
            let plan = plan(&valid, observed, &context.settings, &record, now);
            let tenant = forget(context, api, tenant, &plan.changing()).await?;
            let applied = Box::pin(apply(context, &valid, &record, plan)).await;
            drift::tell(context, &tenant, &applied.drift).await;
            let problem = applied.worst();
            let renew_at = applied.renew_at;
            (tenant.clone(), report::report(&tenant, applied, Timestamp::now()), problem, renew_at)
        }
    };
    write_status(&context.recorder, api, tenant.clone(), &status).await?;
    let action = match (&problem, renew_at) {
        // Keys end whether or not anything changes.
        (None, Some(renew_at)) => context.again_by(&tenant, renew_at),
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
    let holding = cleanup(context, &tenant).await;
    if holding.is_empty() {
        remove_finalizer(api, &tenant).await?;
        context.again(&tenant, None);
        return Ok((Action::await_change(), None));
    }
    let status = report::leaving(&tenant, &holding, Timestamp::now());
    let problem = worst(&holding).cloned();
    let tenant = write_status(&context.recorder, api, tenant, &status).await?;
    Ok((context.again(&tenant, problem.as_ref()), problem))
}
