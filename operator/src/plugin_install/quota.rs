//! How many plugins a tenant may have. Pure.

use std::{collections::BTreeSet, sync::Arc};

use plexica_contract::name::Slug;
use plexica_crds::{PluginInstall, Reason, Tenant};

use super::validate::allowed;
use crate::{problem::Problem, settings::Settings};

/// Of the tenant's plugins the oldest are in force, as many as the plan in force allows; those that go
/// count until they are gone.
pub fn within(
    install: &PluginInstall,
    slug: &Slug,
    tenant: &Tenant,
    siblings: &[Arc<PluginInstall>],
    settings: &Settings,
) -> Result<(), Problem> {
    let Some(plan) = tenant.status.as_ref().and_then(|status| status.plan.as_ref()) else { return Ok(()) };
    let Some(limit) = plan.limits.quotas.plugins else { return Ok(()) };
    let older: BTreeSet<&str> = siblings
        .iter()
        .filter(|other| allowed(other, slug, settings).is_ok() && other.seniority() < install.seniority())
        .map(|other| other.spec.plugin.id.as_str())
        .filter(|id| *id != install.spec.plugin.id)
        .collect();
    let limit_of = usize::try_from(limit).unwrap_or_default();
    if older.len() < limit_of {
        return Ok(());
    }
    let older: Vec<&str> = older.into_iter().collect();
    let others = if older.is_empty() { String::new() } else { format!(", and there is {} already", older.join(", ")) };
    let message = format!(
        "the plan {} of the tenant {slug} allows {limit} plugins{others}: remove one, or choose a plan that allows more.",
        plan.name
    );
    Err(Problem::new(Reason::QuotaExceeded, message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

    fn install(id: &str, namespace: &str, at: i64) -> PluginInstall {
        let mut install = fixture::install(namespace, id, "acme", id);
        install.metadata.creation_timestamp = Some(Time(jiff::Timestamp::from_second(at).unwrap()));
        install
    }

    #[test]
    fn the_oldest_as_many_as_there_may_be() {
        let own = "tenant-acme";
        let mut going = install("files", own, 2);
        going.metadata.deletion_timestamp = Some(Time(jiff::Timestamp::UNIX_EPOCH));
        let cases: [(&str, Vec<PluginInstall>, bool); 9] = [
            ("none", vec![], false),
            ("free", vec![install("files", own, 1), install("mail", own, 2)], true),
            ("two", vec![], true),
            ("two", vec![install("files", own, 1)], true),
            ("two", vec![install("files", own, 1), install("mail", "plexica-system", 2)], false),
            ("two", vec![install("files", own, 1), install("mail", own, 9)], true),
            // Where it may not name the tenant.
            ("two", vec![install("files", own, 1), install("mail", "tenant-globex", 2)], true),
            // One plugin, however often.
            ("two", vec![install("files", own, 1), install("files", "plexica-system", 2)], true),
            ("two", vec![install("mail", own, 1), going], false),
        ];
        let plans = fixture::plans("free:\ntwo: { quotas: { plugins: 2 } }\nnone: { quotas: { plugins: 0 } }");
        for (plan, siblings, fits) in cases {
            let what = format!("{plan} {:?}", siblings.iter().map(|other| &other.spec.plugin.id).collect::<Vec<_>>());
            let mut tenant = fixture::tenant("acme");
            tenant.status.get_or_insert_default().plan = Some(fixture::in_force(plan, &plans));
            let siblings: Vec<_> = siblings.into_iter().map(Arc::new).collect();
            let slug = "acme".parse().unwrap();
            let result = within(&install("crm", own, 5), &slug, &tenant, &siblings, &fixture::settings());
            assert_eq!(result.is_ok(), fits, "{what}");
            if let Err(problem) = result {
                assert_eq!(problem.reason, Reason::QuotaExceeded);
                assert!(problem.message.contains(&format!("the plan {plan} of the tenant acme")), "{problem}");
            }
        }
        // None is in force.
        let tenant = fixture::tenant("acme");
        let slug = "acme".parse().unwrap();
        assert!(within(&install("crm", own, 5), &slug, &tenant, &[], &fixture::settings()).is_ok());
    }
}
