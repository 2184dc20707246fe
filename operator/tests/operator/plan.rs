//! Plans: what they limit, how one follows another, and the way back.

use std::path::PathBuf;

use k8s_openapi::api::{
    admissionregistration::v1::{ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding},
    core::v1::{LimitRange, Namespace, ResourceQuota},
};
use kube::{
    Api,
    api::{DeleteParams, Patch, PatchParams, PostParams},
};
use plexica_crds::{
    PluginInstall, Tenant,
    tenant::{Phase, TenantStatus},
};
use plexica_operator::Config;
use plexica_testkit::{wait_for, wait_until};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    cluster::deployments,
    foreign::root,
    killed::killed_by,
    needs::Need,
    world::{PATIENCE, World, is},
};

/// The name of a plan's objects.
const NAME: &str = "plexica-plan";

/// A file of plans that operators read.
struct Plans(TempDir);

impl Plans {
    fn new(text: &str) -> Self {
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
    fn give(&self) -> impl FnOnce(&mut Config) + use<> {
        let file = self.file();
        move |config| config.plans.file = Some(file)
    }

    /// For one that runs them as Deployments.
    fn give_cluster(&self) -> impl FnOnce(&mut Config) + use<> {
        let give = self.give();
        move |config| {
            give(config);
            deployments(config);
        }
    }
}

/// Waits until that plan is in force and the spec's.
async fn in_force(world: &World, slug: &str, plan: &str) -> TenantStatus {
    wait_for(&format!("the plan {plan} is in force"), PATIENCE, async || {
        let status = world.tenants().get(slug).await.unwrap().status?;
        let applied = is(&status.conditions, "PlanApplied", "True", "Provisioned");
        (applied && status.plan.as_ref()?.name == plan).then_some(status)
    })
    .await
}

async fn change(world: &World, slug: &str, plan: &str) {
    let patch = Patch::Merge(json!({ "spec": { "plan": plan } }));
    world.tenants().patch(slug, &PatchParams::default(), &patch).await.unwrap();
}

fn message(tenant: &Tenant, kind: &str) -> String {
    let conditions = &tenant.status.as_ref().unwrap().conditions;
    conditions.iter().find(|condition| condition.type_ == kind).unwrap().message.clone()
}

fn name_in_force(tenant: &Tenant) -> Option<&str> {
    Some(tenant.status.as_ref()?.plan.as_ref()?.name.as_str())
}

/// What is limited in the tenant's namespace, and the limit of a container that says nothing.
async fn limited(world: &World, slug: &str) -> (Value, Value) {
    let quota = world.find::<ResourceQuota>(slug, NAME).await;
    let range = world.find::<LimitRange>(slug, NAME).await;
    let hard = quota.map_or(Value::Null, |quota| json!(quota.spec.unwrap().hard));
    (hard, range.map_or(Value::Null, |range| json!(range.spec.unwrap().limits[0].default)))
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

const SIZES: &str = "
standard: {}
small: { resources: { requests: { cpu: 1 }, limits: { cpu: 2, memory: 1Gi }, container: { limits: { cpu: 500m } } } }
large: { resources: { limits: { cpu: 4, memory: 4Gi }, container: { limits: { cpu: 1.5 } } } }
";

fn small() -> (Value, Value) {
    (
        json!({ "requests.cpu": "1", "limits.cpu": "2", "limits.memory": "1Gi" }),
        json!({ "cpu": "500m", "memory": "512Mi" }),
    )
}

fn large() -> (Value, Value) {
    (json!({ "limits.cpu": "4", "limits.memory": "4Gi" }), json!({ "cpu": "1500m", "memory": "512Mi" }))
}

#[tokio::test]
async fn resources_stand_in_the_namespace_are_kept_there_and_go_with_the_plan() {
    let Some(world) = World::with(Need::Quotas).await else { return };
    let plans = Plans::new(SIZES);
    let give = plans.give_cluster();
    let operator = world.operator_with(|config| {
        give(config);
        config.work.resync = 1;
    });
    let slug = world.database.unique("acme");
    world.tenant(&slug, json!({ "plan": "small" })).await;
    in_force(&world, &slug, "small").await;
    world.ready(&slug).await;
    assert_eq!(limited(&world, &slug).await, small());

    // Somebody else's hand.
    let quotas: Api<ResourceQuota> = Api::namespaced(world.client.clone(), &format!("tenant-{slug}"));
    let more = Patch::Merge(json!({ "spec": { "hard": { "limits.cpu": "200" } } }));
    quotas.patch(NAME, &PatchParams::default(), &more).await.unwrap();
    wait_until("it is brought back", PATIENCE, async || limited(&world, &slug).await == small()).await;
    let ranges: Api<LimitRange> = Api::namespaced(world.client.clone(), &format!("tenant-{slug}"));
    ranges.delete(NAME, &DeleteParams::default()).await.unwrap();
    wait_until("it is made again", PATIENCE, async || limited(&world, &slug).await == small()).await;

    // What Kubernetes counts is what is used.
    let used = Patch::Merge(json!({ "status": { "used": { "limits.memory": "5Gi" } } }));
    quotas.patch_status(NAME, &PatchParams::default(), &used).await.unwrap();
    change(&world, &slug, "large").await;
    let tenant = world.until(&slug, "PlanApplied", "False", "QuotaExceeded").await;
    assert!(
        message(&tenant, "PlanApplied").contains("limits.memory 5Gi of 4Gi."),
        "{}",
        message(&tenant, "PlanApplied")
    );
    assert_eq!(limited(&world, &slug).await, small());
    let used = Patch::Merge(json!({ "status": { "used": { "limits.memory": "4Gi" } } }));
    quotas.patch_status(NAME, &PatchParams::default(), &used).await.unwrap();
    in_force(&world, &slug, "large").await;
    assert_eq!(limited(&world, &slug).await, large());

    change(&world, &slug, "standard").await;
    in_force(&world, &slug, "standard").await;
    assert_eq!(limited(&world, &slug).await, (Value::Null, Value::Null));

    // Kept with the namespace, and taken back with it.
    change(&world, &slug, "small").await;
    in_force(&world, &slug, "small").await;
    world.delete(&world.tenants(), &slug).await;
    let kept = quotas.get(NAME).await.unwrap();
    assert!(kept.metadata.annotations.unwrap().contains_key("plexica.io/retained-at"));
    world.tenant(&slug, json!({ "plan": "large" })).await;
    in_force(&world, &slug, "large").await;
    assert_eq!(limited(&world, &slug).await, large());
    let taken = quotas.get(NAME).await.unwrap();
    assert!(!taken.metadata.annotations.unwrap().contains_key("plexica.io/retained-at"));
    operator.stop().await;
}

/// Refuses quotas of that many CPUs in the tenant's namespace, as somebody's rules of a cluster would.
async fn forbid(world: &World, slug: &str, cpus: &str) -> (Api<ValidatingAdmissionPolicy>, String) {
    let name = format!("plexica-test-{slug}");
    let policies: Api<ValidatingAdmissionPolicy> = Api::all(world.client.clone());
    let bindings: Api<ValidatingAdmissionPolicyBinding> = Api::all(world.client.clone());
    let policy = json!({ "metadata": { "name": name }, "spec": {
        "failurePolicy": "Fail",
        "matchConstraints": { "resourceRules": [{
            "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["resourcequotas"],
        }]},
        "validations": [{
            "expression": format!("object.metadata.namespace != 'tenant-{slug}' || string(object.spec.hard['limits.cpu']) != '{cpus}'"),
            "message": "nobody here gets as many CPUs",
        }],
    }});
    policies.create(&PostParams::default(), &serde_json::from_value(policy).unwrap()).await.unwrap();
    let binding =
        json!({ "metadata": { "name": name }, "spec": { "policyName": name, "validationActions": ["Deny"] } });
    bindings.create(&PostParams::default(), &serde_json::from_value(binding).unwrap()).await.unwrap();
    let quotas: Api<ResourceQuota> = Api::namespaced(world.client.clone(), &format!("tenant-{slug}"));
    let probe: ResourceQuota =
        serde_json::from_value(json!({ "metadata": { "name": "probe" }, "spec": { "hard": { "limits.cpu": cpus } } }))
            .unwrap();
    let dry = PostParams { dry_run: true, ..PostParams::default() };
    wait_until("the policy holds", PATIENCE, async || quotas.create(&dry, &probe).await.is_err()).await;
    (policies, name)
}

#[tokio::test]
async fn a_step_that_is_refused_leads_back_to_the_plan_in_force() {
    let Some(world) = World::with(Need::Quotas).await else { return };
    let plans = Plans::new(SIZES);
    let operator = world.operator_with(plans.give_cluster());
    let slug = world.database.unique("acme");
    world.tenant(&slug, json!({ "plan": "small" })).await;
    let before = in_force(&world, &slug, "small").await.plan;
    let (policies, policy) = forbid(&world, &slug, "4").await;

    change(&world, &slug, "large").await;
    let tenant = world.until(&slug, "PlanApplied", "False", "PlanRolledBack").await;
    let said = message(&tenant, "PlanApplied");
    assert!(said.contains("the plan large was refused: ") && said.contains("nobody here gets as many CPUs"), "{said}");
    assert!(said.ends_with("As before, the plan small is in force."), "{said}");
    assert_eq!(tenant.status.as_ref().unwrap().plan, before);
    assert!(is(&tenant.status.unwrap().conditions, "Ready", "False", "PlanRolledBack"));
    // The LimitRange had been written by then.
    assert_eq!(limited(&world, &slug).await, small());
    let ranged = |write: &&String| write.contains("/limitranges/");
    assert!(
        operator.writes().iter().filter(ranged).count() >= 3,
        "there, to the new and back: {:?}",
        operator.writes()
    );

    // What refused it is gone: by itself it is in force.
    policies.delete(&policy, &DeleteParams::default()).await.unwrap();
    in_force(&world, &slug, "large").await;
    assert_eq!(limited(&world, &slug).await, large());
    world.ready(&slug).await;
    operator.stop().await;
}

/// Another hand on the way: a foreign object at the name is not touched, and the plan is not half there.
#[tokio::test]
async fn somebody_elses_quota_leads_back_too_and_is_left_alone() {
    let Some(world) = World::with(Need::Quotas).await else { return };
    let plans = Plans::new(SIZES);
    let operator = world.operator_with(plans.give_cluster());
    let slug = world.database.unique("acme");
    world.tenant(&slug, json!({ "plan": "standard" })).await;
    in_force(&world, &slug, "standard").await;
    let quotas: Api<ResourceQuota> = Api::namespaced(world.client.clone(), &format!("tenant-{slug}"));
    let theirs = json!({ "metadata": { "name": NAME }, "spec": { "hard": { "pods": "3" } } });
    let theirs = quotas.create(&PostParams::default(), &serde_json::from_value(theirs).unwrap()).await.unwrap();
    change(&world, &slug, "small").await;
    let tenant = world.until(&slug, "PlanApplied", "False", "PlanRolledBack").await;
    assert_eq!(name_in_force(&tenant), Some("standard"));
    assert_eq!(limited(&world, &slug).await, (json!({ "pods": "3" }), Value::Null));
    assert_eq!(quotas.get(NAME).await.unwrap().metadata.resource_version, theirs.metadata.resource_version);
    quotas.delete(NAME, &DeleteParams::default()).await.unwrap();
    in_force(&world, &slug, "small").await;
    assert_eq!(limited(&world, &slug).await, small());
    operator.stop().await;
}

#[tokio::test]
async fn an_operator_that_is_killed_at_each_write_leaves_one_whole_plan_to_the_next() {
    let Some(world) = World::with(Need::Quotas).await else { return };
    let plans = Plans::new(SIZES);
    let slug = world.database.unique("acme");
    let first = world.operator_with(plans.give_cluster());
    world.tenant(&slug, json!({ "plan": "small" })).await;
    in_force(&world, &slug, "small").await;
    world.ready(&slug).await;
    first.stop().await;

    let (mut forth, mut writes) = (false, 0);
    while !forth {
        change(&world, &slug, "large").await;
        let end = async { drop(in_force(&world, &slug, "large").await) };
        forth = killed_by(&world, writes, end, plans.give_cluster()).await;
        let killed = world.tenants().get(&slug).await.unwrap();
        let stands = name_in_force(&killed).unwrap().to_owned();
        if stands == "large" {
            assert_eq!(limited(&world, &slug).await, large(), "it is told last ({writes})");
        }
        // The next goes on, or back where the spec has changed meanwhile.
        let wanted = if writes % 2 == 0 { "large" } else { "small" };
        change(&world, &slug, wanted).await;
        let next = world.operator_with(plans.give_cluster());
        let status = in_force(&world, &slug, wanted).await;
        let expected = if wanted == "large" { large() } else { small() };
        wait_until("the namespace is as well", PATIENCE, async || limited(&world, &slug).await == expected).await;
        world.ready(&slug).await;
        assert!(is(&status.conditions, "Drifted", "False", ""), "its own doing is no drift: {:?}", status.conditions);
        change(&world, &slug, "small").await;
        in_force(&world, &slug, "small").await;
        wait_until("it starts anew", PATIENCE, async || limited(&world, &slug).await == small()).await;
        next.kill();
        writes += 1;
    }
    println!("a change of plan takes at most {writes} writes");
}

#[tokio::test]
async fn processes_are_not_counted_in_a_namespace() {
    let Some(world) = World::new().await else { return };
    let plans = Plans::new(SIZES);
    let operator = world.operator_with(plans.give());
    let slug = world.database.unique("acme");
    world.tenant(&slug, json!({ "plan": "small" })).await;
    in_force(&world, &slug, "small").await;
    assert_eq!(limited(&world, &slug).await, (Value::Null, Value::Null));
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
