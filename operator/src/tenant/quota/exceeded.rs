//! Whether a tenant fits into a plan. Pure.

use k8s_openapi::api::core::v1::ResourceQuota;
use plexica_backends::object::quantity::{nanos, units};
use plexica_crds::{
    Reason,
    tenant::{PlanLimits, PlanResources, Quantity, Quotas},
};

use super::usage::Usage;
use crate::{plans::Definition, problem::Problem};

/// Whether what is used fits into the plan.
///
/// # Errors
/// [`Reason::QuotaExceeded`] with every limit that would be exceeded, what is used and what is allowed.
pub fn fits(plan: &Definition, usage: &Usage, in_force: Option<&str>) -> Result<(), Problem> {
    let exceeded = exceeded(&plan.limits, usage);
    if exceeded.is_empty() {
        return Ok(());
    }
    let stays =
        in_force.map_or_else(|| "No plan is in force".to_owned(), |name| format!("The plan {name} stays in force"));
    let message = format!("more is in use than the plan {} allows: {}. {stays}.", plan.name, exceeded.join("; "));
    Err(Problem::new(Reason::QuotaExceeded, message))
}

/// Each limit that is exceeded, in words.
fn exceeded(limits: &PlanLimits, usage: &Usage) -> Vec<String> {
    let PlanLimits { quotas, features: _, resources, rate_limits: _ } = limits;
    let Quotas { plugins, users, database_bytes, storage_bytes } = quotas;
    let Usage {
        plugins: of_plugins,
        users: of_users,
        database_bytes: in_database,
        storage_bytes: in_storage,
        resources: used,
    } = usage;
    let PlanResources { requests, limits, container: _ } = resources;
    let counts = [("plugins", plugins, of_plugins), ("users", users, of_users)];
    let counts = counts.into_iter().filter_map(|(name, allowed, used)| {
        let (allowed, used) = (u64::try_from((*allowed)?).ok()?, (*used)?);
        (used > allowed).then(|| format!("{name} {used} of {allowed}"))
    });
    let sizes = [("databaseBytes", database_bytes, in_database), ("storageBytes", storage_bytes, in_storage)];
    let sizes = sizes.into_iter().filter_map(|(name, allowed, used)| {
        let (Quantity(allowed), used) = (allowed.as_ref()?, (*used)?);
        (used > units(allowed)?).then(|| format!("{name} {used} of {allowed}"))
    });
    let amounts = [("requests", requests), ("limits", limits)].into_iter().flat_map(|(of, amounts)| {
        amounts.iter().filter_map(move |(name, Quantity(allowed))| {
            let name = format!("{of}.{name}");
            let used = used.get(&name)?;
            (nanos(used)? > nanos(allowed)?).then(|| format!("{name} {used} of {allowed}"))
        })
    });
    counts.chain(sizes).chain(amounts).collect()
}

/// What Kubernetes counts in the namespace, where it does.
pub fn counted(quota: Option<&ResourceQuota>) -> std::collections::BTreeMap<String, String> {
    let used = quota.and_then(|quota| quota.status.as_ref()?.used.clone()).unwrap_or_default();
    used.into_iter().map(|(name, amount)| (name, amount.0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn told(limits: Value, usage: &Usage) -> Option<String> {
        let plan = Definition::new("small", serde_json::from_value(limits).unwrap());
        fits(&plan, usage, Some("gold")).err().map(|problem| problem.message)
    }

    #[test]
    fn each_limit_by_itself_and_its_edge() {
        let of = |plugins, users, database_bytes, storage_bytes| Usage {
            plugins,
            users,
            database_bytes,
            storage_bytes,
            resources: [("requests.cpu", "1500m"), ("limits.memory", "2Gi")]
                .map(|(name, amount)| (name.to_owned(), amount.to_owned()))
                .into(),
        };
        let usage = of(Some(3), Some(12), Some(2048), Some(1_000_001));
        for (limits, exceeded) in [
            (json!({}), None),
            (json!({ "quotas": { "plugins": 3, "users": 12 } }), None),
            (json!({ "quotas": { "plugins": 2 } }), Some("plugins 3 of 2")),
            (json!({ "quotas": { "plugins": 0 } }), Some("plugins 3 of 0")),
            (json!({ "quotas": { "users": 11 } }), Some("users 12 of 11")),
            (json!({ "quotas": { "databaseBytes": "2Ki" } }), None),
            (json!({ "quotas": { "databaseBytes": 2047 } }), Some("databaseBytes 2048 of 2047")),
            (json!({ "quotas": { "storageBytes": "1M" } }), Some("storageBytes 1000001 of 1M")),
            (json!({ "resources": { "requests": { "cpu": "1.5" } } }), None),
            (json!({ "resources": { "requests": { "cpu": 1 } } }), Some("requests.cpu 1500m of 1")),
            (json!({ "resources": { "limits": { "memory": "1Gi", "cpu": 1 } } }), Some("limits.memory 2Gi of 1Gi")),
            (
                json!({ "quotas": { "users": 5, "plugins": 1 }, "resources": { "requests": { "cpu": "1" } } }),
                Some("plugins 3 of 1; users 12 of 5; requests.cpu 1500m of 1"),
            ),
            // How fast requests come and what is switched on are nothing that is there.
            (json!({ "features": ["a"], "rateLimits": { "requestsPerSecond": 1 } }), None),
        ] {
            let expected = exceeded.map(|list| {
                format!("more is in use than the plan small allows: {list}. The plan gold stays in force.")
            });
            assert_eq!(told(limits.clone(), &usage), expected, "{limits}");
        }
        // Nobody knows.
        let all = json!({ "quotas": { "plugins": 0, "users": 0, "databaseBytes": 0, "storageBytes": 0 } });
        assert_eq!(told(all, &of(None, None, None, None)), None);
    }

    #[test]
    fn without_a_plan_in_force_none_stays() {
        let plan = Definition::new("small", serde_json::from_value(json!({ "quotas": { "users": 1 } })).unwrap());
        let usage = Usage { users: Some(2), ..Usage::default() };
        let problem = fits(&plan, &usage, None).unwrap_err();
        assert_eq!(problem.reason, Reason::QuotaExceeded);
        assert!(problem.message.ends_with("users 2 of 1. No plan is in force."), "{problem}");
    }
}
