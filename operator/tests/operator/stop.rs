//! The operator is asked to stop.

use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use kube::ResourceExt;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use plexica_testkit::wait_until;
use serde_json::json;
use tokio::{process::Command, time::timeout};

use crate::world::{PATIENCE, World};

/// Kubernetes kills a pod 30 s after it asked it to stop.
const IN_TIME: Duration = Duration::from_secs(20);

/// New tenants, taken up at a moment when no backend answers.
async fn under_way(world: &World) -> Vec<String> {
    for gate in [&world.postgres, &world.keycloak, &world.s3] {
        gate.hang();
    }
    let slugs: Vec<String> = (0..4).map(|_| world.database.unique("beta")).collect();
    for slug in &slugs {
        world.tenant(slug, json!({ "deletionPolicy": "Delete" })).await;
    }
    for slug in &slugs {
        wait_until("it is taken up", PATIENCE, async || {
            !world.tenants().get(slug).await.unwrap().finalizers().is_empty()
        })
        .await;
    }
    slugs
}

async fn finish(world: &World, slugs: &[String]) {
    for gate in [&world.postgres, &world.keycloak, &world.s3] {
        gate.open();
    }
    let next = world.operator();
    for slug in slugs {
        world.ready(slug).await;
    }
    for slug in slugs {
        world.delete(&world.tenants(), slug).await;
        assert!(!world.has_schema(&format!("tenant_{}", slug.replace('-', "_"))).await);
    }
    timeout(IN_TIME, next.stop()).await.expect("it ends in time");
}

#[tokio::test]
async fn it_ends_in_time_while_backends_hang_and_the_next_finishes() {
    let Some(world) = World::new().await else { return };
    let operator = world.operator();
    let (slug, id) = (world.database.unique("acme"), world.database.unique("crm"));
    world.plugin(&id, "1.0.0").await;
    world.tenant(&slug, json!({ "deletionPolicy": "Delete" })).await;
    world.ready(&slug).await;
    world.install(&slug, &id, json!({})).await;
    let route = world.installed(&slug).await.status.unwrap().route.unwrap();
    let mut slugs = under_way(&world).await;
    let began = Instant::now();
    timeout(IN_TIME, operator.stop()).await.expect("it ends in time");
    assert!(began.elapsed() < IN_TIME);
    assert!(reqwest::get(&route.upstream).await.is_err(), "plugins end with it");
    slugs.push(slug);
    finish(&world, &slugs).await;
}

#[tokio::test]
async fn the_program_ends_in_time_on_sigterm() {
    let Some(world) = World::new().await else { return };
    let mut program = Command::new(env!("CARGO_BIN_EXE_plexica-operator"))
        .args(world.flags())
        .env("KUBECONFIG", &world.api.kubeconfig)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let slug = world.database.unique("acme");
    world.tenant(&slug, json!({ "deletionPolicy": "Delete" })).await;
    world.ready(&slug).await;
    let mut slugs = under_way(&world).await;
    let id = Pid::from_raw(program.id().unwrap().try_into().unwrap());
    kill(id, Signal::SIGTERM).unwrap();
    let status = timeout(IN_TIME, program.wait()).await.expect("it ends in time").unwrap();
    assert!(status.success(), "{status}");
    slugs.push(slug);
    finish(&world, &slugs).await;
}

#[tokio::test]
async fn a_backend_that_never_answers_does_not_keep_what_is_under_way_for_ever() {
    let Some(world) = World::new().await else { return };
    let operator = world.operator();
    let first = world.database.unique("acme");
    world.tenant(&first, json!({})).await;
    world.ready(&first).await;
    let slugs = under_way(&world).await;
    // Looked at again and again: what hangs is named, and what was under way has been given up.
    for slug in slugs.iter().chain([&first]) {
        world.until(slug, "DatabaseReady", "False", "BackendUnavailable").await;
    }
    assert_eq!(operator.get("/healthz").await.0, 200);
    for gate in [&world.postgres, &world.keycloak, &world.s3] {
        gate.open();
    }
    for slug in slugs.iter().chain([&first]) {
        world.ready(slug).await;
    }
    operator.stop().await;
}

/// Nothing is under way yet that would need the time it may take.
#[tokio::test]
async fn it_ends_at_once_while_it_still_lists() {
    let Some(world) = World::new().await else { return };
    let slug = world.database.unique("acme");
    world.tenant(&slug, json!({ "deletionPolicy": "Delete" })).await;
    let operator = world.operator();
    world.ready(&slug).await;
    operator.stop().await;
    for round in 0..10 {
        let operator = world.operator();
        // It works once its keys are there; then it lists.
        wait_until("it works", PATIENCE, async || !operator.get("/readyz").await.1.contains("keys")).await;
        timeout(Duration::from_secs(8), operator.stop()).await.unwrap_or_else(|_| panic!("round {round}"));
    }
    finish(&world, &[slug]).await;
}
