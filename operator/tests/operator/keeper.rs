//! A plugin whose process ends as soon as it is started.

use std::time::{Duration, Instant};

use plexica_crds::plugin_install::Phase;
use plexica_testkit::{wait_for, wait_until};
use serde_json::json;

use crate::world::{PATIENCE, World};

#[tokio::test]
async fn a_process_that_ends_at_once_is_said_started_ever_less_often_and_mended() {
    let Some(world) = World::new().await else { return };
    let operator = world.operator();
    let (slug, id) = (world.database.unique("acme"), world.database.unique("crm"));
    let broken = json!({ "runtime": { "command": ["sh", "-c", "echo started; false"] } });
    let log = world.plugin_log(&world.platform(), &format!("plugin-{id}-1-0-0"));
    let starts = || std::fs::read_to_string(&log).map_or(0, |text| text.lines().count());
    world.plugin_with(&id, "1.0.0", broken).await;
    world.tenant(&slug, json!({})).await;
    world.ready(&slug).await;

    let begun = Instant::now();
    world.install(&slug, &id, json!({ "deletionPolicy": "Delete" })).await;
    let status = wait_for("it says what happens", PATIENCE, async || {
        let status = world.installs(&slug).get("it").await.unwrap().status?;
        let workload = status.conditions.iter().find(|condition| condition.type_ == "WorkloadReady")?;
        let said = "the workload is not ready: the process ended (exit status: 1).";
        (workload.status == "False" && workload.message == said).then_some(status)
    })
    .await;
    assert_eq!((status.phase, status.route, status.migrated_version), (Some(Phase::Installing), None, None));
    wait_until("it was started five times", PATIENCE, async || starts() >= 5).await;
    let count = starts();
    // Pauses of 0.1 s, doubled each time, are between them.
    let least = Duration::from_millis(100) * (2_u32.pow(u32::try_from(count).unwrap() - 1) - 1);
    assert!(begun.elapsed() >= least, "{count} starts within {:?}", begun.elapsed());

    // It goes although it never ran, and is not started again.
    world.delete(&world.installs(&slug), "it").await;
    let schema = format!("tenant_{}_plugin_{}", slug.replace('-', "_"), id.replace('-', "_"));
    assert!(!world.has_schema(&schema).await);
    let stopped = starts();

    // Corrected while it fails, it serves.
    world.install(&slug, &id, json!({ "deletionPolicy": "Delete" })).await;
    wait_until("it was started again", PATIENCE, async || starts() > stopped).await;
    world.plugin(&id, "1.0.0").await;
    world.installed(&slug).await;
    world.delete(&world.installs(&slug), "it").await;
    operator.stop().await;
}
