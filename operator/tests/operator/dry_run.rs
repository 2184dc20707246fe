//! What would be done for a tenant is said, and nothing of it is done.

use k8s_openapi::api::core::v1::Namespace;
use kube::api::{DeleteParams, Patch, PatchParams};
use plexica_crds::{
    TenantStatus,
    label::{CONFIRM_DELETION, DRY_RUN},
    plugin_install, tenant,
};
use plexica_testkit::wait_for;
use serde_json::{Value, json};

use crate::{
    running::Operator,
    world::{PATIENCE, World, apply, is},
};

async fn annotate(world: &World, slug: &str, annotations: Value) {
    let patch = Patch::Merge(json!({ "metadata": { "annotations": annotations } }));
    world.tenants().patch(slug, &PatchParams::default(), &patch).await.unwrap();
}

/// Waits until the tenant says that it would do so.
async fn says(world: &World, slug: &str, words: &str) -> (TenantStatus, String) {
    wait_for(&format!("{slug} says that it would {words}"), PATIENCE, async || {
        let status = world.tenants().get(slug).await.unwrap().status?;
        let told = status.conditions.iter().find(|condition| condition.type_ == "DryRun")?.message.clone();
        told.contains(words).then_some((status, told))
    })
    .await
}

/// All that was written to any system, besides what is said.
fn written(world: &World, operator: &Operator, slug: &str) -> (Vec<String>, Vec<String>, Vec<String>) {
    let kubernetes = operator.writes().into_iter().filter(|write| write.contains(slug) && !write.ends_with("/status"));
    let of_it = |all: Vec<String>| all.into_iter().filter(|write| write.contains(slug)).collect();
    (kubernetes.collect(), of_it(world.keycloak.written()), of_it(world.s3.written()))
}

#[tokio::test]
async fn what_would_be_made_for_a_new_tenant_is_said_and_not_made() {
    let Some(world) = World::new().await else { return };
    let operator = world.operator();
    let slug = world.database.unique("acme");
    let schema = format!("tenant_{}", slug.replace('-', "_"));
    let object = json!({
        "kind": "Tenant", "metadata": { "name": slug, "annotations": { DRY_RUN: "true" } },
        "spec": { "displayName": "Acme" },
    });
    apply(&world.tenants(), &slug, &world.meta(object)).await;
    // Its own tables are yet to be made when the operator has just begun.
    let (status, told) = says(&world, &slug, &format!("create bucket tenant-{slug}")).await;
    for part in [
        format!("create schema {schema}"),
        format!("create realm tenant-{slug}"),
        format!("apply Namespace tenant-{slug}"),
        format!("apply Secret tenant-{slug}/plexica-identity"),
        format!("apply Secret tenant-{slug}/plexica-storage"),
        "put the plan standard in force".to_owned(),
    ] {
        assert!(told.contains(&part), "{part}: {told}");
    }
    assert!(!told.contains("In the way"), "{told}");
    assert_eq!(status.phase, Some(tenant::Phase::Paused));
    assert!(is(&status.conditions, "Ready", "False", "DryRun"), "{status:?}");
    assert_eq!(status.operation, None);
    assert!(world.tenants().get(&slug).await.unwrap().metadata.finalizers.is_none(), "nothing is to be cleaned up");
    assert!(!world.has_schema(&schema).await);
    assert_eq!(world.realm(&format!("tenant-{slug}")).await, 404);
    assert!(world.global::<Namespace>(&format!("tenant-{slug}")).await.is_none());
    assert_eq!(written(&world, &operator, &slug), Default::default());

    annotate(&world, &slug, json!({ DRY_RUN: "false" })).await;
    let made = world.ready(&slug).await.status.unwrap();
    assert!(!made.conditions.iter().any(|condition| condition.type_ == "DryRun"), "{made:?}");
}

#[tokio::test]
async fn what_would_change_for_a_tenant_at_work_is_said_and_not_changed() {
    let Some(world) = World::new().await else { return };
    let operator = world.operator();
    let (slug, id) = (world.database.unique("acme"), world.database.unique("crm"));
    let schema = format!("tenant_{}", slug.replace('-', "_"));
    world.plugin(&id, "1.0.0").await;
    world.tenant(&slug, json!({})).await;
    world.ready(&slug).await;
    world.install(&slug, &id, json!({})).await;
    let route = world.installed(&slug).await.status.unwrap().route;

    annotate(&world, &slug, json!({ DRY_RUN: "true" })).await;
    let (status, _) = says(&world, &slug, "there is nothing to do").await;
    assert!(is(&status.conditions, "Ready", "True", "Provisioned"), "what was last seen stays");
    let held = world.install_until(&slug, "DryRun", "True", "DryRun").await.status.unwrap();
    assert!(held.conditions.iter().any(|one| one.message.contains(&format!("of tenant {slug}"))), "{held:?}");
    let before = written(&world, &operator, &slug);

    // What others changed, what the spec says now, and what is asked for.
    world.execute(&format!("REVOKE USAGE ON SCHEMA {schema} FROM {schema}")).await;
    world.tenant(&slug, json!({ "suspend": true, "identity": { "sessions": { "idleSeconds": 600 } } })).await;
    annotate(&world, &slug, json!({ "plexica.io/rotate": "now" })).await;
    let (_, told) = says(&world, &slug, "refuse its users' requests").await;
    for part in [
        format!("repair the drift of database (grant USAGE on schema {schema})"),
        format!("take the routes of {id} away and end their workloads"),
        format!("set ssoSessionIdleTimeout of realm tenant-{slug}"),
        "replace how servers sign in to the realm by generation 2".to_owned(),
        "replace the keys to the bucket by generation 2".to_owned(),
        format!("apply Secret tenant-{slug}/plexica-identity"),
    ] {
        assert!(told.contains(&part), "{part}: {told}");
    }
    // Its install says its share, and serves on.
    let install = wait_for("the install says its share", PATIENCE, async || {
        let status = world.installs(&slug).get("it").await.unwrap().status?;
        let says = |one: &k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition| {
            one.type_ == "DryRun" && one.message.contains("take /api/plugins/")
        };
        status.conditions.iter().any(says).then_some(status)
    })
    .await;
    assert_eq!((install.phase, &install.route), (Some(plugin_install::Phase::Paused), &route));
    assert!(!world.tenants().get(&slug).await.unwrap().is_suspended());
    let can_use = format!("SELECT has_schema_privilege('{schema}', '{schema}', 'USAGE')");
    assert!(!world.sql::<bool>(&can_use).await, "drift is left as well");
    assert_eq!(written(&world, &operator, &slug), before);

    annotate(&world, &slug, json!({ DRY_RUN: null })).await;
    world.until(&slug, "Ready", "True", "Suspended").await;
    assert!(world.sql::<bool>(&can_use).await);
    world.install_until(&slug, "Ready", "True", "Suspended").await;

    // And back: who is suspended stays so while it is only said.
    annotate(&world, &slug, json!({ DRY_RUN: "true" })).await;
    world.tenant(&slug, json!({ "suspend": false })).await;
    says(&world, &slug, &format!("let its users in again; start {id} and route them")).await;
    assert!(world.tenants().get(&slug).await.unwrap().is_suspended());
    // What cannot be is said as it would be.
    world.tenant(&slug, json!({ "plan": "brass" })).await;
    says(&world, &slug, "In the way: plan: ").await;
}

#[tokio::test]
async fn what_would_go_with_a_tenant_is_said_and_stays() {
    let Some(world) = World::new().await else { return };
    let operator = world.operator();
    let (slug, id) = (world.database.unique("acme"), world.database.unique("crm"));
    let schema = format!("tenant_{}", slug.replace('-', "_"));
    world.plugin(&id, "1.0.0").await;
    world.tenant(&slug, json!({ "deletionPolicy": "Delete" })).await;
    world.ready(&slug).await;
    world.install(&slug, &id, json!({})).await;
    world.installed(&slug).await;
    annotate(&world, &slug, json!({ DRY_RUN: "true", CONFIRM_DELETION: null })).await;
    says(&world, &slug, "there is nothing to do").await;
    let before = written(&world, &operator, &slug);

    world.tenants().delete(&slug, &DeleteParams::default()).await.unwrap();
    let (status, told) = says(&world, &slug, &format!("remove schema {schema} with all that is in it for good")).await;
    for part in [
        format!("remove realm tenant-{slug} with"),
        format!("remove bucket tenant-{slug} with"),
        format!("remove namespace tenant-{slug} with"),
        format!("remove the install tenant-{slug}/it of {id} and its schema {schema}_plugin_"),
        format!("In the way: all data of {slug} would go for good"),
    ] {
        assert!(told.contains(&part), "{part}: {told}");
    }
    assert_eq!(status.phase, Some(tenant::Phase::Terminating));
    assert!(is(&status.conditions, "Ready", "False", "DryRun"), "{status:?}");
    annotate(&world, &slug, json!({ CONFIRM_DELETION: slug })).await;
    wait_for("nothing is in the way", PATIENCE, async || {
        let (_, told) = says(&world, &slug, "it would").await;
        (!told.contains("In the way")).then_some(())
    })
    .await;
    assert_eq!(world.installs(&slug).get("it").await.unwrap().metadata.deletion_timestamp, None);
    assert!(world.has_schema(&schema).await);
    assert_eq!(world.realm(&format!("tenant-{slug}")).await, 200);
    assert_eq!(written(&world, &operator, &slug), before);

    let spec = Patch::Merge(json!({ "spec": { "deletionPolicy": "Retain" } }));
    world.tenants().patch(&slug, &PatchParams::default(), &spec).await.unwrap();
    says(&world, &slug, &format!("keep schema {schema}, marked with the time")).await;
    annotate(&world, &slug, json!({ DRY_RUN: null })).await;
    world.gone(&world.tenants(), &slug).await;
    assert!(world.has_schema(&schema).await);
}
