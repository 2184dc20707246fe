//! A tenant is suspended and resumed.

use futures::future::join_all;
use k8s_openapi::api::apps::v1::Deployment;
use plexica_crds::{plugin_install, tenant};
use plexica_testkit::{wait_for, wait_until};
use serde_json::{Value, json};

use crate::{
    cluster::{comes_up, deployments},
    needs::Need,
    plugin::healthy,
    rotation::role,
    world::{PATIENCE, World},
};

const SHARERS: usize = 6;

async fn upstream(world: &World, slug: &str) -> String {
    world.installed(slug).await.status.unwrap().route.unwrap().upstream
}

async fn suspended(world: &World, slug: &str) {
    let tenant = world.until(slug, "Ready", "True", "Suspended").await;
    assert_eq!(tenant.status.unwrap().phase, Some(tenant::Phase::Suspended));
    let install = world.install_until(slug, "Ready", "True", "Suspended").await.status.unwrap();
    assert_eq!((install.phase, install.route), (Some(plugin_install::Phase::Suspended), None));
}

#[tokio::test]
async fn nothing_runs_for_a_suspended_tenant_and_all_is_there_when_it_is_resumed() {
    let Some(world) = World::new().await else { return };
    let _operator = world.operator();
    let (shared, dedicated) = (world.database.unique("crm"), world.database.unique("files"));
    let [acme, beta, gama] = ["acme", "beta", "gama"].map(|slug| world.database.unique(slug));
    world.plugin(&shared, "1.0.0").await;
    world.plugin(&dedicated, "1.0.0").await;
    let installs = [(&acme, &shared, "Shared"), (&beta, &shared, "Shared"), (&gama, &dedicated, "Dedicated")];
    for (slug, id, isolation) in installs {
        world.tenant(slug, json!({ "deletionPolicy": "Delete" })).await;
        world.ready(slug).await;
        world.install(slug, id, json!({ "isolation": isolation })).await;
        world.installed(slug).await;
    }
    let suspend = async |slug: &str, suspend: bool| {
        world.tenant(slug, json!({ "deletionPolicy": "Delete", "suspend": suspend })).await;
    };
    let rows = async |slug: &str, id: &str| -> Vec<String> {
        let (slug, id) = (slug.replace('-', "_"), id.replace('-', "_"));
        world.sql(&format!("SELECT array_agg(action ORDER BY ctid) FROM tenant_{slug}_plugin_{id}.note")).await
    };
    let before: Vec<(String, Value)> = {
        let mut before = Vec::new();
        for (slug, ..) in installs {
            let status = world.installed(slug).await.status.unwrap();
            before.push((upstream(&world, slug).await, json!([status.version, status.permissions, status.database])));
        }
        before
    };

    // A shared workload goes on for the others, and ends with the last.
    suspend(&acme, true).await;
    suspended(&world, &acme).await;
    assert_eq!(rows(&acme, &shared).await, ["Install 1.0.0", "Disable 1.0.0"]);
    assert!(healthy(&before[1].0).await, "beta is served");
    suspend(&beta, true).await;
    suspended(&world, &beta).await;
    wait_until("nobody needs it any more", PATIENCE, async || !healthy(&before[1].0).await).await;
    // A dedicated one ends at once.
    suspend(&gama, true).await;
    suspended(&world, &gama).await;
    wait_until("it has ended", PATIENCE, async || !healthy(&before[2].0).await).await;
    assert!(world.find::<k8s_openapi::api::core::v1::Secret>(&gama, "plexica-storage").await.is_some());

    for ((slug, id, _), (_, was)) in installs.into_iter().zip(before) {
        suspend(slug, false).await;
        world.ready(slug).await;
        let status = world.installed(slug).await.status.unwrap();
        assert_eq!(json!([status.version, status.permissions, status.database]), was, "{slug}");
        let upstream = upstream(&world, slug).await;
        wait_for("it serves", PATIENCE, async || healthy(&upstream).await.then_some(())).await;
        assert_eq!(rows(slug, id).await, ["Install 1.0.0", "Disable 1.0.0", "Install 1.0.0"], "{slug}");
    }
    for slug in [&acme, &beta, &gama] {
        world.delete(&world.tenants(), slug).await;
    }
}

/// Each must be told that the plugin stops for it, by the one workload that ends with the last of them.
#[tokio::test]
async fn all_who_share_a_plugin_and_are_suspended_at_once_are_told() {
    let Some(world) = World::new().await else { return };
    let _operator = world.operator();
    let id = world.database.unique("crm");
    world.plugin(&id, "1.0.0").await;
    let slugs: Vec<String> = (0..SHARERS).map(|_| world.database.unique("acme")).collect();
    let spec = |suspend: bool| json!({ "deletionPolicy": "Delete", "suspend": suspend });
    join_all(slugs.iter().map(|slug| world.tenant(slug, spec(false)))).await;
    for slug in &slugs {
        world.ready(slug).await;
        world.install(slug, &id, json!({ "isolation": "Shared" })).await;
    }
    let upstream = upstream(&world, &slugs[0]).await;
    for slug in &slugs {
        world.installed(slug).await;
    }
    join_all(slugs.iter().map(|slug| world.tenant(slug, spec(true)))).await;
    for slug in &slugs {
        suspended(&world, slug).await;
        let rows = format!("SELECT array_agg(action ORDER BY ctid) FROM {}.note", role(slug, &id));
        assert_eq!(world.sql::<Vec<String>>(&rows).await, ["Install 1.0.0", "Disable 1.0.0"], "{slug}");
    }
    wait_until("it has ended", PATIENCE, async || !healthy(&upstream).await).await;
    for slug in &slugs {
        world.delete(&world.tenants(), slug).await;
    }
}

#[tokio::test]
async fn one_suspended_before_it_was_ever_ready_provisions_and_lets_nobody_in() {
    let Some(world) = World::new().await else { return };
    let _operator = world.operator();
    let (slug, id) = (world.database.unique("acme"), world.database.unique("crm"));
    world.plugin(&id, "1.0.0").await;
    world.tenant(&slug, json!({ "suspend": true, "deletionPolicy": "Delete" })).await;
    world.until(&slug, "Ready", "True", "Suspended").await;
    world.install(&slug, &id, json!({})).await;
    suspended(&world, &slug).await;
    assert!(!world.has_schema(&role(&slug, &id)).await);
    world.tenant(&slug, json!({ "suspend": false, "deletionPolicy": "Delete" })).await;
    world.installed(&slug).await;
    world.delete(&world.tenants(), &slug).await;
}

/// Who never served has taken nothing back: what an install before has kept is still marked as that, is taken when it
/// serves, and is not its to remove.
#[tokio::test]
async fn what_was_kept_is_taken_back_by_an_install_that_serves_and_stays_after_one_that_never_did() {
    let Some(world) = World::new().await else { return };
    let _operator = world.operator();
    let id = world.database.unique("crm");
    let [acme, beta] = [world.database.unique("acme"), world.database.unique("beta")];
    let schema = |slug: &str| role(slug, &id);
    let retained = async |slug: &str| {
        let mark = format!("SELECT obj_description('{}'::regnamespace, 'pg_namespace')", schema(slug));
        world.sql::<String>(&mark).await.contains("retained")
    };
    world.plugin(&id, "1.0.0").await;
    for slug in [&acme, &beta] {
        world.tenant(slug, json!({ "deletionPolicy": "Delete" })).await;
        world.ready(slug).await;
        world.install(slug, &id, json!({})).await;
        world.installed(slug).await;
        world.delete(&world.installs(slug), "it").await;
        world.tenant(slug, json!({ "deletionPolicy": "Delete", "suspend": true })).await;
        world.until(slug, "Ready", "True", "Suspended").await;
        world.install(slug, &id, json!({ "deletionPolicy": "Delete" })).await;
        suspended(&world, slug).await;
        assert!(retained(slug).await, "it is not in use");
    }
    world.tenant(&acme, json!({ "deletionPolicy": "Delete" })).await;
    world.installed(&acme).await;
    assert!(!retained(&acme).await, "it is in use");
    let rows = format!("SELECT count(*) FROM {}.note", schema(&acme));
    assert_eq!(world.sql::<i64>(&rows).await, 2, "what the one before has written is there");
    world.delete(&world.installs(&beta), "it").await;
    assert!(retained(&beta).await, "it was never that install's");
    for slug in [&acme, &beta] {
        world.delete(&world.tenants(), slug).await;
        assert!(!world.has_schema(&schema(slug)).await, "it is the tenant's");
    }
}

/// What cannot be looked at further is not left running for that.
#[tokio::test]
async fn an_install_that_cannot_be_rests_with_its_tenant_as_well() {
    let Some(world) = World::new().await else { return };
    let _operator = world.operator();
    let (slug, id) = (world.database.unique("acme"), world.database.unique("crm"));
    world.plugin(&id, "1.0.0").await;
    world.tenant(&slug, json!({ "deletionPolicy": "Delete" })).await;
    world.ready(&slug).await;
    world.install(&slug, &id, json!({ "isolation": "Dedicated" })).await;
    let first = upstream(&world, &slug).await;
    let (spec, missing) = (json!({ "isolation": "Dedicated" }), json!({ "id": id, "version": "^9" }));
    let mut broken = spec.clone();
    broken["plugin"] = missing;
    world.install(&slug, &id, broken).await;
    world.install_until(&slug, "Resolved", "False", "PluginNotFound").await;
    assert!(healthy(&first).await, "what serves goes on");
    world.tenant(&slug, json!({ "deletionPolicy": "Delete", "suspend": true })).await;
    let install = world.install_until(&slug, "Routed", "False", "Suspended").await;
    assert_eq!(install.status.unwrap().route, None);
    wait_until("it has ended", PATIENCE, async || !healthy(&first).await).await;

    world.tenant(&slug, json!({ "deletionPolicy": "Delete" })).await;
    world.install(&slug, &id, spec).await;
    let again = upstream(&world, &slug).await;
    wait_for("it serves", PATIENCE, async || healthy(&again).await.then_some(())).await;
    world.delete(&world.tenants(), &slug).await;
}

#[tokio::test]
async fn a_suspended_tenant_has_no_deployment_in_a_cluster() {
    let Some(world) = World::with(Need::Workloads).await else { return };
    let operator = world.operator_with(deployments);
    let (slug, id) = (world.database.unique("acme"), world.database.unique("crm"));
    let (namespace, name) = (format!("tenant-{slug}"), format!("plugin-{id}-1-0-0"));
    world.plugin(&id, "1.0.0").await;
    world.tenant(&slug, json!({ "deletionPolicy": "Delete" })).await;
    world.ready(&slug).await;
    world.install(&slug, &id, json!({ "isolation": "Dedicated" })).await;
    comes_up(&world, &namespace, &name).await;
    world.install_until(&slug, "WorkloadReady", "True", "").await;
    world.tenant(&slug, json!({ "deletionPolicy": "Delete", "suspend": true })).await;
    suspended(&world, &slug).await;
    wait_until("its Deployment is gone", PATIENCE, async || world.find::<Deployment>(&slug, &name).await.is_none())
        .await;
    world.tenant(&slug, json!({ "deletionPolicy": "Delete" })).await;
    comes_up(&world, &namespace, &name).await;
    world.install_until(&slug, "WorkloadReady", "True", "").await;
    operator.stop().await;
}
