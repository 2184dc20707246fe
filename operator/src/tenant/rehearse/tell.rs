//! A look at a tenant that writes nothing but what it would do.

use std::sync::Arc;

use jiff::Timestamp;
use kube::ResourceExt;
use plexica_contract::name::Slug;
use plexica_crds::{PluginInstall, Tenant, TenantStatus, tenant::Phase};

use super::{foresee::foresee, part::part, words};
use crate::{
    context::Context,
    drift::Record,
    plugin_install::allowed,
    problem::{Problem, Remedy},
    resource::rehearsed,
    tenant::{observe::observe, plan::plan, quota::Change, validate::validate},
};

/// The status of a tenant for which nothing is done: what would be. And what kept it from being known.
pub async fn tell(context: &Context, tenant: &Tenant) -> (TenantStatus, Option<Problem>) {
    let installs = installs(context, tenant);
    let (told, problems) = if tenant.metadata.deletion_timestamp.is_some() {
        let parts = Box::pin(part(context, tenant)).await;
        let unseen = parts.parts.iter().filter_map(|(_, parting)| parting.as_ref().err().cloned()).collect();
        (words::going(tenant, &installs, &parts), unseen)
    } else {
        match Box::pin(staying(context, tenant)).await {
            Ok(foreseen) => (words::staying(tenant, &installs, &foreseen), foreseen.problems),
            Err(problem) => (words::refused(&problem), Vec::new()),
        }
    };
    let last = tenant.status.clone().unwrap_or_default();
    let conditions = rehearsed(tenant, "", &last.conditions, &told, Timestamp::now());
    let unseen = problems.into_iter().find(|problem| problem.remedy() == Remedy::Retry);
    let phase = if tenant.metadata.deletion_timestamp.is_some() { Phase::Terminating } else { Phase::Paused };
    (TenantStatus { phase: Some(phase), conditions, ..last }, unseen)
}

async fn staying(context: &Context, tenant: &Tenant) -> Result<super::Foreseen, Problem> {
    let plans = context.plans.borrow().clone();
    let valid = validate(tenant, &context.settings)?;
    let change = Change::of(tenant, &plans)?;
    let record = Record::new(valid.drift, tenant.status.as_ref().map(|status| &status.applied));
    let observed = observe(context, &valid, change).await;
    let plan = plan(&valid, observed, &context.settings, &record, Timestamp::now());
    Ok(foresee(context, &valid, &record, plan).await)
}

/// Those that may name the tenant, by their plugin.
fn installs(context: &Context, tenant: &Tenant) -> Vec<PluginInstall> {
    let Ok(slug) = tenant.name_any().parse::<Slug>() else { return Vec::new() };
    let is_of = |install: &&Arc<PluginInstall>| allowed(install, &slug, &context.settings).is_ok();
    let known = context.installs_of.get(slug.as_str());
    let mut installs: Vec<PluginInstall> = known.iter().filter(is_of).map(|install| (**install).clone()).collect();
    installs.sort_by_cached_key(|install| (install.spec.plugin.id.clone(), install.namespace(), install.name_any()));
    installs
}
