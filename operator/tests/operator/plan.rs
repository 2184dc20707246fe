//! Plans: how one follows another, and the way back.

use std::path::PathBuf;

use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Patch, PatchParams};
use plexica_crds::{
    PluginInstall, Tenant,
    tenant::{Phase, TenantStatus},
};
use plexica_operator::Config;
use plexica_testkit::{wait_for, wait_until};
use serde_json::json;
use tempfile::TempDir;

use crate::{
    cluster::deployments,
    foreign::root,
    world::{PATIENCE, World, is},
};

/// A file of plans that operators read.
pub struct Plans(TempDir);

impl Plans {
    pub fn new(text: &str) -> Self {
        let plans = Self(tempfile::tempdir().unwrap());
        plans.write(text);
        plans
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("plans.yaml")
    }

    fn write(&self, text: &str) {
        let draft = self.0.path().join("new");
        std::fs::write(&draft, text).unwrap();
        std::fs::rename(draft, self.file()).unwrap();
    }

    /// For an operator that runs plugins as processes.
    pub fn give(&self) -> impl FnOnce(&mut Config) + use<> {
        let file = self.file();
        move |config| config.plans.file = Some(file)
    }

    /// For one that runs them as Deployments.
    pub fn give_cluster(&self) -> impl FnOnce(&mut Config) + use<> {
        let give = self.give();
        move |config| {
            give(config);
            deployments(config);
        }
    }
}

/// Waits until that plan is in force and the spec's.
pub async fn in_force(world: &World, slug: &str, plan: &str) -> TenantStatus {
    wait_for(&format!("the plan {plan} is in force"), PATIENCE, async || {
        let status = world.tenants().get(slug).await.unwrap().status?;
        let applied = is(&status.conditions, "PlanApplied", "True", "Provisioned");
        (applied && status.plan.as_ref()?.name == plan).then_some(status)
    })
    .await
}

pub async fn change(world: &World, slug: &str, plan: &str) {
    let patch = Patch::Merge(json!({ "spec": { "plan": plan } }));
    world.tenants().patch(slug, &PatchParams::default(), &patch).await.unwrap();
}

pub fn message(tenant: &Tenant, kind: &str) -> String {
    let conditions = &tenant.status.as_ref().unwrap().conditions;
    conditions.iter().find(|condition| condition.type_ == kind).unwrap().message.clone()
}

pub fn name_in_force(tenant: &Tenant) -> Option<&str> {
    Some(tenant.status.as_ref()?.plan.as_ref()?.name.as_str())
}

#[tokio::test]
async fn without_a_file_there_is_one_plan_that_allows_everything() {
    let Some(world) = World::new().await else { return };
    let operator = world.operator();
    let slug = world.database.unique("acme");
    world.tenant(&slug, json!({})).await;
    let status = in_force(&world, &slug, "standard").await;
    assert_eq!(status.plan.unwrap().limits, plexica_crds::tenant::PlanLimits::default());
    world.ready(&slug).await;
    operator.stop().await;
}

#[tokio::test]
async fn an_unknown_plan_is_no_beginning_and_no_end() {
    let Some(world) = World::new().await else { return };
    let plans = Plans::new("free: {}\nteam: {}");
    let operator = world.operator_with(plans.give());
    let slug = world.database.unique("acme");
    world.tenant(&slug, json!({ "plan": "gold" })).await;
    let tenant = world.until(&slug, "Stalled", "True", "UnknownPlan").await;
    assert_eq!(message(&tenant, "Ready"), "spec.plan \"gold\" is not configured: there is free, team.");
    world.until(&slug, "PlanApplied", "False", "UnknownPlan").await;
    assert!(!world.has_schema(&format!("tenant_{}", slug.replace('-', "_"))).await, "nothing is begun");
    assert!(world.global::<Namespace>(&format!("tenant-{slug}")).await.is_none());

    // The platform's configuration learns of it, and the tenant by itself.
    plans.write("free: {}\ngold: { features: [sso] }");
    let status = in_force(&world, &slug, "gold").await;
    assert_eq!(status.plan.unwrap().limits.features, ["sso"]);
    world.ready(&slug).await;

    // And loses it again: what is there goes on, and says so.
    plans.write("free: {}");
    let tenant = world.until(&slug, "PlanApplied", "False", "UnknownPlan").await;
    assert_eq!(name_in_force(&tenant), Some("gold"));
    assert!(is(&tenant.status.as_ref().unwrap().conditions, "DatabaseReady", "True", "Provisioned"));
    assert!(is(&tenant.status.as_ref().unwrap().conditions, "Ready", "False", "UnknownPlan"));
    assert_eq!(tenant.status.unwrap().phase, Some(Phase::Stalled));
    change(&world, &slug, "free").await;
    in_force(&world, &slug, "free").await;
    world.ready(&slug).await;

    // A file that cannot be used changes nothing.
    plans.write("free: { quota: {} }");
    let other = world.database.unique("beta");
    world.tenant(&other, json!({ "plan": "free" })).await;
    world.ready(&other).await;
    operator.stop().await;
}

#[tokio::test]
async fn a_file_of_plans_that_cannot_be_used_is_no_start() {
    let Some(world) = World::new().await else { return };
    let plans = Plans::new("free: { quotas: { user: 5 } }");
    let mut config = <Config as clap::Parser>::parse_from(std::iter::once("operator".to_owned()).chain(world.flags()));
    config.plans.file = Some(plans.file());
    let stop = tokio_util::sync::CancellationToken::new();
    let error = plexica_operator::start(config, world.client.clone(), stop).await.err().unwrap();
    assert_eq!(error.to_string(), "plan \"free\": there is no field quotas.user.");
}

#[tokio::test]
async fn of_more_plugins_than_there_may_be_the_oldest_are_in_force() {
    let Some(world) = World::new().await else { return };
    let plans = Plans::new(
        "one: { quotas: { plugins: 1 } }\ntwo: { quotas: { plugins: 2 } }\nnone: { quotas: { plugins: 0 } }",
    );
    let operator = world.operator_with(plans.give());
    let slug = world.database.unique("acme");
    let [first, second] = ["crm", "files"].map(|id| world.database.unique(id));
    for id in [&first, &second] {
        world.plugin(id, "1.0.0").await;
    }
    world.tenant(&slug, json!({ "plan": "one" })).await;
    in_force(&world, &slug, "one").await;
    world.install_as("first", &slug, &first, json!({ "deletionPolicy": "Delete" })).await;
    let ready = async |name: &str, status: &str, reason: &str| -> PluginInstall {
        wait_for(&format!("{name} is Ready={status} ({reason})"), PATIENCE, async || {
            let install = world.installs(&slug).get(name).await.unwrap();
            is(&install.status.as_ref()?.conditions, "Ready", status, reason).then_some(install)
        })
        .await
    };
    ready("first", "True", "Provisioned").await;
    // Of the same second they would be, the name decides; "it" comes after "first".
    world.install(&slug, &second, json!({})).await;
    let refused = ready("it", "False", "QuotaExceeded").await.status.unwrap();
    assert_eq!(refused.route, None);
    let said = &refused.conditions[0].message;
    assert!(
        said.contains(&format!("the plan one of the tenant {slug} allows 1 plugins, and there is {first} already")),
        "{said}"
    );
    let schema = format!("tenant_{}_plugin_{}", slug.replace('-', "_"), second.replace('-', "_"));
    assert!(!world.has_schema(&schema).await);

    // A plan that allows more lets it in.
    change(&world, &slug, "two").await;
    in_force(&world, &slug, "two").await;
    world.installed(&slug).await;
    // One that allows less is refused, and by itself in force when it fits.
    change(&world, &slug, "one").await;
    let tenant = world.until(&slug, "PlanApplied", "False", "QuotaExceeded").await;
    assert!(message(&tenant, "PlanApplied").contains("plugins 2 of 1."), "{}", message(&tenant, "PlanApplied"));
    assert_eq!(name_in_force(&tenant), Some("two"));
    world.delete(&world.installs(&slug), "first").await;
    in_force(&world, &slug, "one").await;
    world.installed(&slug).await;
    operator.stop().await;
}

#[tokio::test]
async fn a_plan_that_is_too_small_changes_nothing_and_names_all_that_is_too_much() {
    let Some(world) = World::new().await else { return };
    let tiny = |bytes: &str, count: i32| {
        format!(
            "standard: {{}}\ntiny: {{ features: [small], quotas: {{ plugins: {count}, users: {count}, databaseBytes: {bytes}, storageBytes: {bytes} }} }}"
        )
    };
    let plans = Plans::new(&tiny("1", 0));
    let operator = world.operator_with(plans.give());
    let (slug, id) = (world.database.unique("acme"), world.database.unique("crm"));
    world.plugin(&id, "1.0.0").await;
    world.tenant(&slug, json!({ "admin": { "email": "ada@acme.test" } })).await;
    let before = in_force(&world, &slug, "standard").await.plan.unwrap();
    world.ready(&slug).await;
    world.install(&slug, &id, json!({})).await;
    world.installed(&slug).await;
    let bucket = format!("tenant-{slug}");
    root(&world).put_object().bucket(&bucket).key("a").body(b"hello".to_vec().into()).send().await.unwrap();

    change(&world, &slug, "tiny").await;
    let tenant = world.until(&slug, "PlanApplied", "False", "QuotaExceeded").await;
    let said = message(&tenant, "PlanApplied");
    for part in [
        "more is in use than the plan tiny allows: plugins 1 of 0; users 1 of 0; databaseBytes ",
        " of 1; storageBytes 5 of 1. The plan standard stays in force.",
    ] {
        assert!(said.contains(part), "{said}");
    }
    let status = tenant.status.unwrap();
    assert_eq!((status.plan.as_ref(), status.phase), (Some(&before), Some(Phase::Stalled)));
    assert!(is(&status.conditions, "Ready", "False", "QuotaExceeded"), "{:?}", status.conditions);
    assert!(status.conditions[0].message.contains("storageBytes 5 of 1"), "{:?}", status.conditions[0]);
    assert!(is(&status.conditions, "DatabaseReady", "True", "Provisioned"));
    world.installed(&slug).await;

    // Schemas of plugins count: that of the tenant alone is smaller.
    let sizes = async |pattern: &str| -> i64 {
        world
            .sql(&format!(
                "SELECT sum(pg_total_relation_size(c.oid))::bigint FROM pg_class c
                 JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname ~ '{pattern}' AND relkind IN ('r', 'm', 'S')"
            ))
            .await
    };
    let name = slug.replace('-', "_");
    let (own, all) = (sizes(&format!("^tenant_{name}$")).await, sizes(&format!("^tenant_{name}(_plugin_.*)?$")).await);
    assert!(own < all);
    plans.write(&tiny(&own.to_string(), 5));
    wait_until("the plugin's schema is too much", PATIENCE, async || {
        let said = message(&world.tenants().get(&slug).await.unwrap(), "PlanApplied");
        said.contains(&format!("allows: databaseBytes {all} of {own}."))
    })
    .await;

    // What fits comes into force by itself.
    plans.write(&tiny(&all.to_string(), 1));
    let plan = in_force(&world, &slug, "tiny").await.plan.unwrap();
    assert_eq!(plan.limits.features, ["small"]);
    assert_ne!(plan.digest, before.digest);
    world.ready(&slug).await;
    operator.stop().await;
}

#[tokio::test]
async fn a_backend_that_is_down_is_waited_for_and_the_plan_before_stays() {
    let Some(world) = World::new().await else { return };
    let plans = Plans::new("standard: {}\nfew: { quotas: { users: 5 } }");
    let operator = world.operator_with(plans.give());
    let slug = world.database.unique("acme");
    world.tenant(&slug, json!({})).await;
    in_force(&world, &slug, "standard").await;
    world.keycloak.shut();
    change(&world, &slug, "few").await;
    let tenant = world.until(&slug, "PlanApplied", "False", "BackendUnavailable").await;
    assert_eq!(name_in_force(&tenant), Some("standard"));
    world.keycloak.open();
    in_force(&world, &slug, "few").await;
    world.ready(&slug).await;
    operator.stop().await;
}
