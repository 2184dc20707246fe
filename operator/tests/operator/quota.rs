//! What a plan limits in a tenant's namespace: its `ResourceQuota` and its `LimitRange`.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use http::Method;
use k8s_openapi::api::{
    admissionregistration::v1::{ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding},
    core::v1::{LimitRange, Pod, ResourceQuota},
};
use kube::{
    Api,
    api::{DeleteParams, Patch, PatchParams, PostParams},
};
use plexica_testkit::wait_until;
use serde_json::{Value, json};

use crate::{
    killed::killed_by,
    needs::Need,
    plan::{Plans, change, in_force, message, name_in_force},
    running::{Operator, vigilant},
    world::{PATIENCE, World, is},
};

/// The name of a plan's objects.
const NAME: &str = "plexica-plan";

/// What is limited in the tenant's namespace, and the limit of a container that says nothing.
async fn limited(world: &World, slug: &str) -> (Value, Value) {
    let quota = world.find::<ResourceQuota>(slug, NAME).await;
    let range = world.find::<LimitRange>(slug, NAME).await;
    let hard = quota.map_or(Value::Null, |quota| json!(quota.spec.unwrap().hard));
    (hard, range.map_or(Value::Null, |range| json!(range.spec.unwrap().limits[0].default)))
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

/// An operator that looks every second, in a cluster with the sizes.
fn vigilant_operator(world: &World, plans: &Plans) -> Operator {
    let give = plans.give_cluster();
    world.operator_with(|config| {
        give(config);
        vigilant(config);
    })
}

#[tokio::test]
async fn resources_stand_in_the_namespace_are_kept_there_and_go_with_the_plan() {
    let Some(world) = World::with(Need::Quotas).await else { return };
    let plans = Plans::new(SIZES);
    let operator = vigilant_operator(&world, &plans);
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

/// Nothing has counted for it yet.
#[tokio::test]
async fn the_first_limit_is_compared_with_what_pods_have() {
    let Some(world) = World::with(Need::Quotas).await else { return };
    let plans = Plans::new(SIZES);
    let operator = vigilant_operator(&world, &plans);
    let slug = world.database.unique("acme");
    world.tenant(&slug, json!({ "plan": "standard" })).await;
    world.ready(&slug).await;
    let pods: Api<Pod> = Api::namespaced(world.client.clone(), &format!("tenant-{slug}"));
    let pod = json!({ "metadata": { "name": "busy" }, "spec": {
        "automountServiceAccountToken": false,
        "securityContext": { "runAsNonRoot": true, "seccompProfile": { "type": "RuntimeDefault" } },
        "containers": [{ "name": "busy", "image": "busy",
            "securityContext": { "allowPrivilegeEscalation": false, "capabilities": { "drop": ["ALL"] } },
            "resources": { "requests": { "cpu": "1200m" }, "limits": { "cpu": 2, "memory": "1Gi" } } }],
    } });
    drop(pods.create(&PostParams::default(), &serde_json::from_value(pod).unwrap()).await.unwrap());

    change(&world, &slug, "small").await;
    let tenant = world.until(&slug, "PlanApplied", "False", "QuotaExceeded").await;
    let told = message(&tenant, "PlanApplied");
    assert!(told.contains("allows: requests.cpu 1200m of 1. The plan standard stays in force."), "{told}");
    assert_eq!(limited(&world, &slug).await, (Value::Null, Value::Null));

    drop(pods.delete("busy", &DeleteParams::default().grace_period(0)).await.unwrap());
    in_force(&world, &slug, "small").await;
    assert_eq!(limited(&world, &slug).await, small());
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

/// What stands between may answer as if it were done: what counts is what is read back.
#[tokio::test]
async fn a_step_that_was_answered_and_not_done_leads_back_too() {
    let Some(world) = World::with(Need::Quotas).await else { return };
    let (plans, lies) = (Plans::new(SIZES), Arc::new(AtomicBool::new(false)));
    let lying = lies.clone();
    let operator = world.operator_by(plans.give_cluster(), move |request| {
        let uri = request.uri().to_string();
        if lying.load(Ordering::SeqCst) && request.method() == Method::PATCH && uri.contains("/resourcequotas/") {
            *request.uri_mut() = format!("{uri}&dryRun=All").parse().unwrap();
        }
    });
    let slug = world.database.unique("acme");
    world.tenant(&slug, json!({ "plan": "small" })).await;
    in_force(&world, &slug, "small").await;
    lies.store(true, Ordering::SeqCst);
    change(&world, &slug, "large").await;
    let tenant = world.until(&slug, "PlanApplied", "False", "PlanRolledBack").await;
    let said = message(&tenant, "PlanApplied");
    assert!(said.contains("Kubernetes has made something else of it"), "{said}");
    assert!(said.ends_with("As before, the plan small is in force."), "{said}");
    assert_eq!(limited(&world, &slug).await, small());
    lies.store(false, Ordering::SeqCst);
    in_force(&world, &slug, "large").await;
    assert_eq!(limited(&world, &slug).await, large());
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
