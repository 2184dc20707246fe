//! Installs, with a plugin that runs as a process.

use std::time::Duration;

use futures::FutureExt;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{ResourceExt, api::DeleteParams, client::Body};
use plexica_crds::plugin_install::Phase;
use plexica_testkit::wait_until;
use serde_json::{Value, json};

use crate::{
    concurrency::Turnstile,
    plugin::{REFUSES, SLOW, healthy},
    world::{PATIENCE, World, is},
};

/// What the plugin did for the tenant, in order.
async fn notes(world: &World, schema: &str) -> Vec<String> {
    world.sql(&format!("SELECT array_agg(action ORDER BY ctid) FROM {schema}.note")).await
}

#[tokio::test]
async fn the_life_of_an_install() {
    let Some(world) = World::new().await else { return };
    let _operator = world.operator();
    let (slug, id) = (world.database.unique("acme"), world.database.unique("crm"));
    let (tenant, plugin) = (slug.replace('-', "_"), id.replace('-', "_"));
    let schema = format!("tenant_{tenant}_plugin_{plugin}");
    world.plugin(&id, "1.0.0").await;
    world.tenant(&slug, json!({})).await;
    world.ready(&slug).await;
    world.install(&slug, &id, json!({})).await;
    let status = world.installed(&slug).await.status.unwrap();
    assert_eq!((status.phase, status.version.as_deref()), (Some(Phase::Ready), Some("1.0.0")));
    assert_eq!(status.permissions, [format!("{id}:notes:read")]);
    let first = status.route.unwrap();
    assert_eq!(first.path, format!("/api/plugins/{id}"));
    assert!(healthy(&first.upstream).await);
    assert_eq!(notes(&world, &schema).await, ["Install 1.0.0"]);
    let registered = format!("SELECT count(*) FROM tenant_{tenant}.permission WHERE plugin = '{id}'");
    assert_eq!(world.sql::<i64>(&registered).await, 1);

    // An upgrade: the new version beside the old, migrations (with a 202), the route, the old one gone.
    world.plugin(&id, SLOW).await;
    wait_until("it was upgraded", PATIENCE, async || {
        let status = world.installs(&slug).get("it").await.unwrap().status.unwrap();
        status.version.as_deref() == Some(SLOW) && status.phase == Some(Phase::Ready)
    })
    .await;
    let second = world.installed(&slug).await.status.unwrap().route.unwrap();
    assert_ne!(first.upstream, second.upstream);
    assert!(healthy(&second.upstream).await);
    assert_eq!(notes(&world, &schema).await.last().unwrap(), &format!("Upgrade {SLOW}"));
    wait_until("the old one has ended", PATIENCE, async || !healthy(&first.upstream).await).await;

    // A version that refuses: what serves goes on.
    world.plugin(&id, REFUSES).await;
    let failed = world.install_until(&slug, "Ready", "False", "UpgradeFailed").await.status.unwrap();
    assert!(failed.conditions[0].message.contains("wrong quarter"), "{:?}", failed.conditions[0]);
    assert_eq!(failed.route.as_ref(), Some(&second));
    assert!(healthy(&second.upstream).await);
    world.delete(&world.plugins(), &format!("{id}-{REFUSES}")).await;
    world.installed(&slug).await;

    // Disabled and enabled again.
    world.install(&slug, &id, json!({ "enabled": false })).await;
    let disabled = world.install_until(&slug, "Ready", "True", "Disabled").await.status.unwrap();
    assert_eq!((disabled.route, disabled.phase), (None, Some(Phase::Disabled)));
    assert_eq!(notes(&world, &schema).await.last().unwrap(), &format!("Disable {SLOW}"));
    // Its workload has gone, so that the plugin is told to go on only when it is up again.
    wait_until("nothing of it runs", PATIENCE, async || !healthy(&second.upstream).await).await;
    world.install(&slug, &id, json!({ "enabled": true })).await;
    world.installed(&slug).await;
    assert_eq!(notes(&world, &schema).await.last().unwrap(), &format!("Install {SLOW}"));

    // Disabled in the same breath as it is made invalid, and made valid again.
    world.install(&slug, &id, json!({ "enabled": false, "config": { "colour": "red" } })).await;
    let invalid = world.install_until(&slug, "Ready", "False", "InvalidConfig").await.status.unwrap();
    assert_eq!(invalid.route, None);
    world.install_until(&slug, "Routed", "False", "Disabled").await;
    world.install(&slug, &id, json!({})).await;
    world.installed(&slug).await;

    // An entry in use stays; the install goes and its data is kept; then the entry goes.
    world.plugins().delete(&format!("{id}-{SLOW}"), &DeleteParams::default()).await.unwrap();
    wait_until("it is in use", PATIENCE, async || {
        let plugin = world.plugins().get(&format!("{id}-{SLOW}")).await.unwrap();
        plugin.status.unwrap().conditions[0].reason == "InUse"
    })
    .await;
    world.delete(&world.installs(&slug), "it").await;
    world.gone(&world.plugins(), &format!("{id}-{SLOW}")).await;
    assert!(!notes(&world, &schema).await.is_empty());
    let logins = format!("SELECT count(*) FROM pg_roles WHERE rolname = 'plugin_{plugin}'");
    assert_eq!(world.sql::<i64>(&logins).await, 0, "nobody signs in any more");
    assert_eq!(world.sql::<i64>("SELECT count(*) FROM core.plugin_credential").await, 0);

    // Applied again, it takes its data back; with the policy Delete, nothing is left.
    world.plugin(&id, "3.0.0").await;
    world.install(&slug, &id, json!({ "deletionPolicy": "Delete" })).await;
    world.installed(&slug).await;
    assert_eq!(notes(&world, &schema).await.last().unwrap(), "Install 3.0.0");
    world.delete(&world.installs(&slug), "it").await;
    assert!(!world.has_schema(&schema).await);
    assert_eq!(world.sql::<i64>(&registered).await, 0);
    world.delete(&world.plugins(), &format!("{id}-3.0.0")).await;
}

#[tokio::test]
async fn a_first_version_that_refuses_a_tenant_says_why_until_there_is_another() {
    let Some(world) = World::new().await else { return };
    let _operator = world.operator();
    let (slug, id) = (world.database.unique("acme"), world.database.unique("crm"));
    world.plugin(&id, REFUSES).await;
    world.tenant(&slug, json!({ "deletionPolicy": "Delete" })).await;
    world.ready(&slug).await;
    world.install(&slug, &id, json!({ "deletionPolicy": "Delete" })).await;
    let failed = world.install_until(&slug, "Ready", "False", "MigrationFailed").await.status.unwrap();
    assert!(failed.conditions[0].message.contains("wrong quarter"), "{:?}", failed.conditions[0]);
    assert_eq!((failed.version, failed.route), (None, None));
    world.plugin(&id, "9.0.1").await;
    assert_eq!(world.installed(&slug).await.status.unwrap().version.as_deref(), Some("9.0.1"));
    world.delete(&world.tenants(), &slug).await;
}

#[tokio::test]
async fn nothing_goes_on_because_a_cache_is_behind() {
    let Some(world) = World::new().await else { return };
    let operator = world.late_operator(Duration::from_millis(500));
    let id = world.database.unique("crm");
    let slugs = [world.database.unique("acme"), world.database.unique("beta")];
    world.plugin(&id, "1.0.0").await;
    for slug in &slugs {
        world.tenant(slug, json!({ "deletionPolicy": "Delete" })).await;
    }
    for slug in &slugs {
        world.ready(slug).await;
        world.install(slug, &id, json!({ "deletionPolicy": "Delete" })).await;
    }
    let upstream = async || {
        let mut upstream = String::new();
        for slug in &slugs {
            upstream = world.installed(slug).await.status.unwrap().route.unwrap().upstream;
        }
        upstream
    };
    let idle = async |upstream: &str| {
        wait_until("nothing of it runs", PATIENCE, async || !healthy(upstream).await).await;
    };
    // What both share, they stop to need at the same time.
    let first = upstream().await;
    for slug in &slugs {
        world.install(slug, &id, json!({ "enabled": false, "deletionPolicy": "Delete" })).await;
    }
    idle(&first).await;
    for slug in &slugs {
        world.install(slug, &id, json!({ "deletionPolicy": "Delete" })).await;
    }
    let second = upstream().await;
    for slug in &slugs {
        world.tenant(slug, json!({ "deletionPolicy": "Delete", "suspend": true })).await;
    }
    idle(&second).await;
    for slug in &slugs {
        world.tenant(slug, json!({ "deletionPolicy": "Delete" })).await;
    }
    let third = upstream().await;
    for slug in &slugs {
        world.installs(slug).delete("it", &DeleteParams::default()).await.unwrap();
    }
    idle(&third).await;
    for slug in &slugs {
        world.delete(&world.tenants(), slug).await;
    }
    operator.stop().await;
}

/// Of which install the request says that it rests.
fn says_that_it_rests(request: &http::Request<Body>) -> Option<String> {
    let body: Value =
        serde_json::from_slice(&request.body().try_clone()?.collect_bytes().now_or_never()?.ok()?).ok()?;
    let conditions = serde_json::from_value::<Vec<Condition>>(body["status"]["conditions"].clone()).ok()?;
    is(&conditions, "Ready", "True", "Disabled").then(|| request.uri().path().to_owned())
}

#[tokio::test]
async fn what_two_share_ends_when_both_look_for_it_before_either_says_that_it_rests() {
    let Some(world) = World::new().await else { return };
    let turnstile = Turnstile::of(says_that_it_rests);
    let operator = world.operator_behind(&turnstile, |_| {});
    let id = world.database.unique("crm");
    let slugs = [world.database.unique("acme"), world.database.unique("beta")];
    world.plugin(&id, "1.0.0").await;
    let mut upstream = String::new();
    for slug in &slugs {
        world.tenant(slug, json!({ "deletionPolicy": "Delete" })).await;
        world.ready(slug).await;
        world.install(slug, &id, json!({ "deletionPolicy": "Delete" })).await;
        upstream = world.installed(slug).await.status.unwrap().route.unwrap().upstream;
    }
    turnstile.shut();
    for slug in &slugs {
        world.install(slug, &id, json!({ "enabled": false, "deletionPolicy": "Delete" })).await;
    }
    wait_until("both are about to say it", PATIENCE, async || turnstile.held().len() == slugs.len()).await;
    turnstile.open();
    wait_until("nothing of it runs", PATIENCE, async || !healthy(&upstream).await).await;
    for slug in &slugs {
        world.delete(&world.tenants(), slug).await;
    }
    operator.stop().await;
}

#[tokio::test]
async fn tenants_share_a_workload_and_go_with_their_installs() {
    let Some(world) = World::new().await else { return };
    let operator = world.operator();
    let id = world.database.unique("crm");
    let slugs = [world.database.unique("acme"), world.database.unique("beta"), world.database.unique("gama")];
    world.plugin(&id, "1.0.0").await;
    for slug in &slugs {
        world.tenant(slug, json!({ "deletionPolicy": "Delete" })).await;
    }
    let mut upstreams = Vec::new();
    for (slug, isolation) in slugs.iter().zip(["Shared", "Shared", "Dedicated"]) {
        world.ready(slug).await;
        world.install(slug, &id, json!({ "isolation": isolation })).await;
        upstreams.push(world.installed(slug).await.status.unwrap().route.unwrap().upstream);
    }
    assert_eq!(upstreams[0], upstreams[1]);
    assert_ne!(upstreams[0], upstreams[2]);
    wait_until("all are counted", PATIENCE, async || {
        world.plugins().get(&format!("{id}-1.0.0")).await.unwrap().status.unwrap().installs == Some(3)
    })
    .await;
    let plugin = id.replace('-', "_");
    // The one of its own may take its tenant's role and no other.
    let [acme, beta, gama] = slugs.clone().map(|slug| slug.replace('-', "_"));
    let member = |login: &str, tenant: &str| {
        format!("SELECT pg_has_role('{login}', 'tenant_{tenant}_plugin_{plugin}', 'MEMBER')")
    };
    let dedicated = format!("login_{gama}_plugin_{plugin}");
    assert!(world.sql::<bool>(&member(&dedicated, &gama)).await);
    assert!(!world.sql::<bool>(&member(&dedicated, &acme)).await);
    assert!(world.sql::<bool>(&member(&format!("plugin_{plugin}"), &beta)).await);
    assert!(!world.sql::<bool>(&member(&format!("plugin_{plugin}"), &gama)).await);

    // A tenant that has an install: both go, and the other's workload stays.
    world.delete(&world.tenants(), &slugs[0]).await;
    assert!(world.installs(&slugs[0]).get_opt("it").await.unwrap().is_none());
    assert!(!world.has_schema(&format!("tenant_{acme}_plugin_{plugin}")).await);
    assert!(healthy(&upstreams[1]).await);
    for slug in &slugs[1..] {
        world.delete(&world.tenants(), slug).await;
    }
    wait_until("no workload is left", PATIENCE, async || {
        !healthy(&upstreams[1]).await && !healthy(&upstreams[2]).await
    })
    .await;
    let roles = format!("SELECT count(*) FROM pg_roles WHERE rolname LIKE '%{plugin}%'");
    assert_eq!(world.sql::<i64>(&roles).await, 0);
    world.delete(&world.plugins(), &format!("{id}-1.0.0")).await;
    operator.stop().await;
}

#[tokio::test]
async fn a_workload_ends_with_its_operator_and_comes_back_with_the_next() {
    let Some(world) = World::new().await else { return };
    let operator = world.operator();
    let (slug, id) = (world.database.unique("acme"), world.database.unique("crm"));
    world.plugin(&id, "1.0.0").await;
    world.tenant(&slug, json!({})).await;
    world.ready(&slug).await;
    world.install(&slug, &id, json!({})).await;
    let upstream = world.installed(&slug).await.status.unwrap().route.unwrap().upstream;
    operator.kill();
    wait_until("the process has ended", PATIENCE, async || !healthy(&upstream).await).await;
    let next = world.operator();
    wait_until("another one serves", PATIENCE, async || {
        let install = world.installs(&slug).get("it").await.unwrap();
        let route = install.status.clone().unwrap().route.unwrap();
        install.status.unwrap().phase == Some(Phase::Ready) && healthy(&route.upstream).await
    })
    .await;
    assert!(world.installs(&slug).get("it").await.unwrap().finalizers().len() == 1);
    next.stop().await;
}
