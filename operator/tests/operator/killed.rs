//! An operator that is killed between any two of its writes, and the next one that finishes.

use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{Secret, Service},
};
use plexica_operator::Config;
use plexica_testkit::wait_until;
use serde_json::json;
use sqlx::{Connection, PgConnection};

use crate::{
    cluster::{comes_up, deployments},
    foreign::root,
    needs::Need,
    rotation::text,
    running::Operator,
    world::{PATIENCE, World},
};

/// Far more writes than anything here takes.
const ENDLESS: usize = 200;

/// One that would wait for a plugin's purge for longer than the test does.
fn patient(world: &World) -> Operator {
    world.operator_with(|config| config.plugins.purge_deadline = 600)
}

/// Lets an operator work until it has written so much and kills it; whether it had come to `end`.
pub async fn killed_after(world: &World, writes: usize, end: impl Future<Output = ()>) -> bool {
    killed_by(world, writes, end, |config| config.plugins.purge_deadline = 600).await
}

/// The same for one with another configuration.
pub async fn killed_by(
    world: &World,
    writes: usize,
    end: impl Future<Output = ()>,
    change: impl FnOnce(&mut Config),
) -> bool {
    assert!(writes < ENDLESS, "it never comes to an end");
    world.budget.limit(writes);
    let operator = world.operator_with(change);
    let ended = tokio::select! {
        () = world.budget.spent() => false,
        () = end => true,
    };
    operator.kill();
    world.budget.lift();
    ended
}

async fn has_bucket(world: &World, name: &str) -> bool {
    let buckets = root(world).list_buckets().send().await.unwrap();
    buckets.buckets().iter().any(|bucket| bucket.name() == Some(name))
}

#[tokio::test]
async fn a_tenant_is_made_and_removed_by_operators_that_are_killed_at_each_write() {
    let Some(world) = World::new().await else { return };
    // The platform's own parts are there before.
    let (first, slug) = (world.operator(), world.database.unique("acme"));
    world.tenant(&slug, json!({ "deletionPolicy": "Delete" })).await;
    world.ready(&slug).await;
    world.delete(&world.tenants(), &slug).await;
    first.stop().await;

    let (mut made, mut removed, mut writes) = (false, false, 0);
    while !(made && removed) {
        let slug = world.database.unique("acme");
        let (name, schema) = (format!("tenant-{slug}"), format!("tenant_{}", slug.replace('-', "_")));
        world.tenant(&slug, json!({ "deletionPolicy": "Delete" })).await;
        made = killed_after(&world, writes, async { drop(world.ready(&slug).await) }).await;
        let next = world.operator();
        let status = world.ready(&slug).await.status.unwrap();
        assert_eq!(status.namespace.as_deref(), Some(name.as_str()));
        assert_eq!(status.storage.unwrap().bucket, name);
        assert!(world.has_schema(&schema).await, "{writes}");
        assert_eq!(world.realm(&name).await, 200, "{writes}");
        assert!(has_bucket(&world, &name).await, "{writes}");
        assert!(world.has_namespace(&name).await, "{writes}");
        next.kill();

        world.tenants().delete(&slug, &kube::api::DeleteParams::default()).await.unwrap();
        removed = killed_after(&world, writes, world.gone(&world.tenants(), &slug)).await;
        let last = patient(&world);
        world.gone(&world.tenants(), &slug).await;
        assert!(!world.has_schema(&schema).await, "{writes}");
        assert_eq!(world.realm(&name).await, 404, "{writes}");
        assert!(!has_bucket(&world, &name).await, "{writes}");
        assert!(!world.has_namespace(&name).await, "{writes}");
        last.kill();
        writes += 1;
    }
    println!("a tenant takes at most {writes} writes");
}

#[tokio::test]
async fn an_install_is_made_and_removed_by_operators_that_are_killed_at_each_write() {
    let Some(world) = World::new().await else { return };
    let first = world.operator();
    let (slug, id) = (world.database.unique("acme"), world.database.unique("crm"));
    let (tenant, plugin) = (slug.replace('-', "_"), id.replace('-', "_"));
    let schema = format!("tenant_{tenant}_plugin_{plugin}");
    world.plugin(&id, "1.0.0").await;
    world.tenant(&slug, json!({ "deletionPolicy": "Delete" })).await;
    world.ready(&slug).await;
    first.stop().await;

    let (mut made, mut removed, mut writes) = (false, false, 0);
    while !(made && removed) {
        world.install(&slug, &id, json!({ "deletionPolicy": "Delete" })).await;
        made = killed_after(&world, writes, async { drop(world.installed(&slug).await) }).await;
        let begun = world.installs(&slug).get("it").await.unwrap().status.and_then(|status| status.operation);
        let next = world.operator();
        wait_until("it serves", PATIENCE, async || {
            let route = world.installed(&slug).await.status.unwrap().route.unwrap();
            let health = reqwest::get(format!("{}/_plexica/health", route.upstream)).await;
            health.is_ok_and(|answer| answer.status().is_success())
        })
        .await;
        assert!(world.has_schema(&schema).await, "{writes}");
        if let Some(begun) = begun {
            // The next operator may have begun another since: it started the plugin again.
            let ended =
                format!("SELECT EXISTS (SELECT FROM core.operation WHERE id = '{}' AND phase = 'Succeeded')", begun.id);
            wait_until("what was begun has ended well", PATIENCE, async || world.sql::<bool>(&ended).await).await;
        }
        next.kill();

        world.installs(&slug).delete("it", &kube::api::DeleteParams::default()).await.unwrap();
        removed = killed_after(&world, writes, world.gone(&world.installs(&slug), "it")).await;
        let last = patient(&world);
        world.gone(&world.installs(&slug), "it").await;
        assert!(!world.has_schema(&schema).await, "{writes}");
        let roles = format!("SELECT count(*) FROM pg_roles WHERE rolname LIKE '%plugin\\_{plugin}'");
        assert_eq!(world.sql::<i64>(&roles).await, 0, "{writes}");
        let permissions = format!("SELECT count(*) FROM tenant_{tenant}.permission WHERE plugin = '{id}'");
        assert_eq!(world.sql::<i64>(&permissions).await, 0, "{writes}");
        assert_eq!(world.sql::<i64>("SELECT count(*) FROM core.plugin_credential").await, 0, "{writes}");
        last.kill();
        writes += 1;
    }
    println!("an install takes at most {writes} writes");
}

/// What there is of a workload in the tenant's namespace: Secret, Service and Deployment.
async fn parts(world: &World, slug: &str, name: &str) -> [bool; 3] {
    [
        world.find::<Secret>(slug, name).await.is_some(),
        world.find::<Service>(slug, name).await.is_some(),
        world.find::<Deployment>(slug, name).await.is_some(),
    ]
}

/// Nobody answers at a Service of this cluster, so that an install comes as far as its pods.
#[tokio::test]
async fn a_deployment_is_made_taken_down_and_removed_by_operators_that_are_killed_at_each_write() {
    let Some(world) = World::with(Need::Workloads).await else { return };
    let first = world.operator_with(deployments);
    let (slug, id) = (world.database.unique("acme"), world.database.unique("crm"));
    let (namespace, name) = (format!("tenant-{slug}"), format!("plugin-{id}-1-0-0"));
    let spec = |enabled: bool| json!({ "isolation": "Dedicated", "deletionPolicy": "Delete", "enabled": enabled });
    world.plugin(&id, "1.0.0").await;
    world.tenant(&slug, json!({ "deletionPolicy": "Delete" })).await;
    world.ready(&slug).await;
    first.stop().await;

    let (mut made, mut down, mut removed, mut writes) = (false, false, false, 0);
    while !(made && down && removed) {
        let up = async || {
            comes_up(&world, &namespace, &name).await;
            world.install_until(&slug, "WorkloadReady", "True", "").await;
        };
        world.install(&slug, &id, spec(true)).await;
        made = killed_by(&world, writes, up(), deployments).await;
        let next = world.operator_with(deployments);
        up().await;
        assert_eq!(parts(&world, &slug, &name).await, [true; 3], "{writes}");
        let secret: Secret = world.find(&slug, &name).await.unwrap();
        PgConnection::connect(&text(&secret, "DATABASE_URL"))
            .await
            .expect("what its pods are given opens the database");
        next.kill();

        world.install(&slug, &id, spec(false)).await;
        let is_down = async || wait_until("it is down", PATIENCE, async || !parts(&world, &slug, &name).await[2]).await;
        down = killed_by(&world, writes, is_down(), deployments).await;
        let next = world.operator_with(deployments);
        is_down().await;
        world.install_until(&slug, "Ready", "True", "Disabled").await;
        next.kill();

        world.installs(&slug).delete("it", &kube::api::DeleteParams::default()).await.unwrap();
        removed = killed_by(&world, writes, world.gone(&world.installs(&slug), "it"), deployments).await;
        let last = world.operator_with(deployments);
        world.gone(&world.installs(&slug), "it").await;
        assert_eq!(parts(&world, &slug, &name).await, [false; 3], "{writes}");
        let roles = format!("SELECT count(*) FROM pg_roles WHERE rolname LIKE '%{}%'", id.replace('-', "_"));
        assert_eq!(world.sql::<i64>(&roles).await, 0, "{writes}");
        assert_eq!(world.sql::<i64>("SELECT count(*) FROM core.plugin_credential").await, 0, "{writes}");
        last.kill();
        writes += 1;
    }
    println!("a Deployment takes at most {writes} writes");
}
