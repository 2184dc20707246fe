//! How a version comes to many tenants: to those that go first, and to all others when it does well there.

use kube::{
    ResourceExt,
    api::{Patch, PatchParams},
};
use plexica_crds::{
    OperationKind, OperationPhase, OperationStatus, StepPhase,
    label::{PAUSED, RETRY_UPGRADE},
    plugin::{RolloutPhase, RolloutStatus},
    plugin_install::{Phase, UpgradePhase},
};
use plexica_testkit::{wait_for, wait_until};
use serde_json::json;
use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, Executor};

use crate::{
    plugin::{MEETS, PICKY, REFUSES, RUT, healthy},
    rotation::role,
    upgrade::{AN_HOUR, FIRST, SECOND, Stage, upstream},
    world::{PATIENCE, World, is},
};

/// Two more tenants, all of them at the first version.
async fn wave(stage: &Stage) -> [String; 3] {
    stage.up().await;
    let others = ["beta", "gama"].map(|name| stage.world.database.unique(name));
    for slug in &others {
        stage.world.tenant(slug, json!({})).await;
        stage.world.ready(slug).await;
        stage.world.install(slug, &stage.id, json!({})).await;
        stage.world.installed(slug).await;
    }
    let [second, third] = others;
    [stage.slug.clone(), second, third]
}

async fn rollout(stage: &Stage, version: &str, phase: RolloutPhase) -> RolloutStatus {
    let name = format!("{}-{version}", stage.id);
    let mut found = None;
    wait_until(&format!("the rollout is {phase:?}"), PATIENCE, async || {
        found = stage.world.plugins().get(&name).await.unwrap().status.unwrap_or_default().rollout;
        found.as_ref().is_some_and(|rollout| rollout.phase == phase)
    })
    .await;
    found.unwrap()
}

async fn versions(stage: &Stage, slugs: &[String]) -> Vec<Option<String>> {
    let mut versions = Vec::new();
    for slug in slugs {
        versions.push(stage.world.installs(slug).get("it").await.unwrap().status.unwrap().version);
    }
    versions
}

async fn all_have(stage: &Stage, slugs: &[String], version: &str) {
    wait_until(&format!("all have {version}"), PATIENCE, async || {
        versions(stage, slugs).await.iter().all(|theirs| theirs.as_deref() == Some(version))
    })
    .await;
}

async fn annotate(world: &World, slug: &str, key: &str, value: &str) {
    let patch = Patch::Merge(json!({ "metadata": { "annotations": { key: value } } }));
    world.installs(slug).patch("it", &PatchParams::default(), &patch).await.unwrap();
}

#[tokio::test]
async fn tenants_follow_those_that_go_first() {
    let Some(stage) = Stage::new().await else { return };
    let _operator = stage.world.operator();
    let slugs = wave(&stage).await;
    let canary = json!({ "rollout": { "bakeSeconds": 0, "canary": { "tenants": [slugs[0]], "bakeSeconds": 4 } } });
    stage.second(0, canary).await;
    stage.reaches(SECOND, UpgradePhase::Complete).await;
    let first = rollout(&stage, SECOND, RolloutPhase::Canary).await;
    assert_eq!((first.total, first.migrated), (3, 1), "{first:?}");
    let waiting = stage.world.installs(&slugs[1]).get("it").await.unwrap().status.unwrap();
    assert_eq!(waiting.version.as_deref(), Some(FIRST));
    assert!(waiting.conditions[0].message.contains("goes to other tenants first"), "{waiting:?}");

    rollout(&stage, SECOND, RolloutPhase::Open).await;
    all_have(&stage, &slugs, SECOND).await;
    wait_until("all are counted", PATIENCE, async || {
        rollout(&stage, SECOND, RolloutPhase::Open).await.message == "migrated 3/3"
    })
    .await;
}

#[tokio::test]
async fn nobody_follows_where_the_first_one_failed() {
    let Some(stage) = Stage::new().await else { return };
    let _operator = stage.world.operator();
    let slugs = wave(&stage).await;
    let canary = json!({ "rollout": { "bakeSeconds": 0, "canary": { "tenants": [slugs[0]], "bakeSeconds": 0 } } });
    stage.world.plugin_with(&stage.id, REFUSES, canary).await;
    let stopped = rollout(&stage, REFUSES, RolloutPhase::Stopped).await;
    assert_eq!(stopped.failed, [slugs[0].clone()]);
    stage.world.install_until(&slugs[0], "Ready", "False", "UpgradeFailed").await;
    let first = || Some(FIRST.to_owned());
    assert_eq!(versions(&stage, &slugs).await, [first(), first(), first()]);
    for slug in &slugs[1..] {
        let install = stage.world.installs(slug).get("it").await.unwrap();
        assert!(
            is(&install.status.as_ref().unwrap().conditions, "Ready", "True", "Provisioned"),
            "{}",
            install.name_any()
        );
    }
}

/// Waits until the entry was looked at as its spec says now, and says where its rollout is then.
async fn judged(stage: &Stage, version: &str) -> RolloutStatus {
    let name = format!("{}-{version}", stage.id);
    let patch = Patch::Merge(json!({ "spec": { "displayName": stage.world.database.unique("name") } }));
    let asked = stage.world.plugins().patch(&name, &PatchParams::default(), &patch).await.unwrap().metadata.generation;
    wait_for("the entry was looked at", PATIENCE, async || {
        let status = stage.world.plugins().get(&name).await.unwrap().status?;
        let seen = status.conditions.iter().all(|condition| condition.observed_generation == asked);
        seen.then_some(status.rollout).flatten()
    })
    .await
}

#[tokio::test]
async fn a_stopped_rollout_goes_on_when_another_try_has_come_to_a_good_end() {
    let Some(stage) = Stage::new().await else { return };
    let _operator = stage.world.operator();
    let slugs = wave(&stage).await;
    let rollout_of = |bake: i32| json!({ "bakeSeconds": 0, "canary": { "tenants": [slugs[0]], "bakeSeconds": bake } });
    let (rut, note) = (format!("{}.{RUT}", stage.schema), format!("{}.note", stage.schema));
    stage.world.execute(&format!("CREATE TABLE {rut} ()")).await;
    stage.world.plugin_with(&stage.id, SECOND, json!({ "rollout": rollout_of(AN_HOUR) })).await;
    let stopped = rollout(&stage, SECOND, RolloutPhase::Stopped).await;
    assert_eq!(stopped.failed, slugs[..1], "{stopped:?}");
    let first = || Some(FIRST.to_owned());
    let holds = async |when: &str| {
        let now = judged(&stage, SECOND).await;
        assert_eq!((now.phase, &now.failed[..]), (RolloutPhase::Stopped, &slugs[..1]), "{when}: {now:?}");
        assert_eq!(versions(&stage, &slugs).await, [first(), first(), first()], "{when}");
    };

    // Who does not try any more has not come there.
    stage.world.install(&slugs[0], &stage.id, json!({ "enabled": false })).await;
    stage.until("it is disabled", |status| status.phase == Some(Phase::Disabled)).await;
    holds("disabled").await;
    // Enabled it tries again, which ends as it did before.
    stage.world.install(&slugs[0], &stage.id, json!({})).await;
    wait_until("it has failed again", PATIENCE, async || {
        let install = stage.world.installs(&slugs[0]).get("it").await.unwrap();
        let (generation, status) = (install.metadata.generation, install.status.unwrap());
        status.upgrade.is_some_and(|upgrade| {
            upgrade.phase == UpgradePhase::RolledBack && upgrade.generation == generation && upgrade.attempts == 3
        })
    })
    .await;
    holds("enabled").await;

    // It can be upgraded, and takes as long for it as somebody holds its table.
    let mut holder = stage.world.database.connect().await;
    let lock = format!("BEGIN; DROP TABLE {rut}; LOCK TABLE {note}");
    holder.execute(sqlx::raw_sql(AssertSqlSafe(lock))).await.unwrap();
    stage.annotate(RETRY_UPGRADE, "1").await;
    stage
        .until("it tries again", |status| {
            let upgrade = status.upgrade.as_ref();
            upgrade.is_some_and(|one| one.phase == UpgradePhase::Expanding && one.retry.as_deref() == Some("1"))
        })
        .await;
    holds("tried again").await;
    holder.execute("COMMIT").await.unwrap();
    let baking = rollout(&stage, SECOND, RolloutPhase::Canary).await;
    assert_eq!((baking.migrated, baking.failed.len()), (1, 0), "{baking:?}");
    assert!(baking.baking_since.is_some(), "it bakes anew: {baking:?}");
    assert_eq!(versions(&stage, &slugs).await, [Some(SECOND.to_owned()), first(), first()]);
    stage.world.plugin_with(&stage.id, SECOND, json!({ "rollout": rollout_of(0) })).await;
    rollout(&stage, SECOND, RolloutPhase::Open).await;
    all_have(&stage, &slugs, SECOND).await;
}

/// Who has not begun when a later one fails is held, and goes on when that one is mended, without another bake.
#[tokio::test]
async fn a_rollout_that_opened_stops_where_a_later_one_fails() {
    let Some(stage) = Stage::new().await else { return };
    let _operator = stage.world.operator();
    let slugs = wave(&stage).await;
    let [first, fails, waits] = &slugs;
    let rut = format!("{}.{RUT}", role(fails, &stage.id));
    stage.world.execute(&format!("CREATE TABLE {rut} ()")).await;
    annotate(&stage.world, waits, PAUSED, "true").await;
    stage.world.install_until(waits, "Paused", "True", "Paused").await;
    let have = |versions: [&str; 3]| versions.map(|version| Some(version.to_owned()));

    let rollout_of = |bake: i32| json!({ "bakeSeconds": 0, "canary": { "tenants": [first], "bakeSeconds": bake } });
    stage.second(0, json!({ "rollout": rollout_of(AN_HOUR) })).await;
    stage.reaches(SECOND, UpgradePhase::Complete).await;
    let mut baking = None;
    wait_until("it bakes", PATIENCE, async || {
        baking = rollout(&stage, SECOND, RolloutPhase::Canary).await.baking_since;
        baking.is_some()
    })
    .await;
    assert_eq!(versions(&stage, &slugs).await, have([SECOND, FIRST, FIRST]));

    // It opens to all, so that the next one tries.
    stage.second(0, json!({ "rollout": rollout_of(0) })).await;
    let failed = stage.world.install_until(fails, "Ready", "False", "UpgradeFailed").await.status.unwrap();
    assert!(failed.conditions[0].message.contains("in a rut"), "{failed:?}");
    let stopped = rollout(&stage, SECOND, RolloutPhase::Stopped).await;
    assert_eq!((&stopped.failed[..], stopped.migrated), (&slugs[1..2], 1), "{stopped:?}");
    assert_eq!(stopped.baking_since, baking, "who went first is well");

    annotate(&stage.world, waits, PAUSED, "false").await;
    wait_until("it says that it waits", PATIENCE, async || {
        let status = stage.world.installs(waits).get("it").await.unwrap().status.unwrap();
        let says = status.conditions[0].message.contains("goes to other tenants first");
        status.phase == Some(Phase::Ready) && says
    })
    .await;
    let still = judged(&stage, SECOND).await;
    assert_eq!((still.phase, &still.failed), (RolloutPhase::Stopped, &stopped.failed), "{still:?}");
    assert_eq!(versions(&stage, &slugs).await, have([SECOND, FIRST, FIRST]));
    for slug in &slugs {
        let status = stage.world.installs(slug).get("it").await.unwrap().status.unwrap();
        assert!(healthy(upstream(&status)).await, "{slug}");
    }

    stage.world.execute(&format!("DROP TABLE {rut}")).await;
    annotate(&stage.world, fails, RETRY_UPGRADE, "1").await;
    all_have(&stage, &slugs, SECOND).await;
    let open = wait_for("all are counted", PATIENCE, async || {
        let open = rollout(&stage, SECOND, RolloutPhase::Open).await;
        (open.message == "migrated 3/3").then_some(open)
    })
    .await;
    assert_eq!(open.baking_since, baking, "it was not baked anew");
}

#[tokio::test]
async fn those_that_can_go_on_where_one_of_many_cannot() {
    let Some(stage) = Stage::new().await else { return };
    let _operator = stage.world.operator();
    let slugs = wave(&stage).await;
    let (new, _) = PICKY;
    stage.world.plugin(&stage.id, new).await;
    let failed = stage.world.install_until(&slugs[1], "Ready", "False", "UpgradeFailed").await.status.unwrap();
    assert!(failed.conditions[0].message.contains("wrong quarter"), "{:?}", failed.conditions[0]);
    wait_until("the others have it", PATIENCE, async || {
        versions(&stage, &slugs).await == [Some(new.to_owned()), Some(FIRST.to_owned()), Some(new.to_owned())]
    })
    .await;
    for slug in &slugs {
        let status = stage.world.installs(slug).get("it").await.unwrap().status.unwrap();
        assert!(is(&status.conditions, "Routed", "True", "Provisioned"), "{slug}: {status:?}");
        assert!(healthy(upstream(&status)).await, "{slug}");
    }
    let message = format!("migrated 2/3, 1 failed: {}", slugs[1]);
    wait_until("it is counted", PATIENCE, async || rollout(&stage, new, RolloutPhase::Open).await.message == message)
        .await;
}

/// None of them is done before all of them are at it.
#[tokio::test]
async fn tenants_migrate_at_the_same_time() {
    let Some(stage) = Stage::new().await else { return };
    let _operator = stage.world.operator();
    let slugs = wave(&stage).await;
    stage.world.plugin(&stage.id, MEETS).await;
    all_have(&stage, &slugs, MEETS).await;
}

#[tokio::test]
async fn a_share_that_is_all_of_them_goes_first_and_stops_when_one_fails() {
    let Some(stage) = Stage::new().await else { return };
    let _operator = stage.world.operator();
    let slugs = wave(&stage).await;
    let (new, _) = PICKY;
    let canary = json!({ "rollout": { "bakeSeconds": 0, "canary": { "percent": 100, "bakeSeconds": AN_HOUR } } });
    stage.world.plugin_with(&stage.id, new, canary).await;
    let stopped = rollout(&stage, new, RolloutPhase::Stopped).await;
    assert_eq!((stopped.total, &stopped.failed), (3, &vec![slugs[1].clone()]), "{stopped:?}");
}

/// A tenant's place in all rollouts of the plugin: it goes first where more than that share does, in percent.
fn place(id: &str, slug: &str) -> u32 {
    let digest = Sha256::digest(format!("{id}\n{slug}"));
    u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]) % 100
}

#[tokio::test]
async fn a_share_goes_first_and_the_others_when_the_share_grows() {
    let Some(stage) = Stage::new().await else { return };
    let _operator = stage.world.operator();
    let slugs = wave(&stage).await;
    let percent = slugs.iter().map(|slug| place(&stage.id, slug)).min().unwrap() + 1;
    let (first, others): (Vec<String>, Vec<String>) =
        slugs.iter().cloned().partition(|slug| place(&stage.id, slug) < percent);
    let share =
        |percent| json!({ "rollout": { "bakeSeconds": 0, "canary": { "percent": percent, "bakeSeconds": AN_HOUR } } });
    stage.second(0, share(percent)).await;
    all_have(&stage, &first, SECOND).await;
    let waiting = rollout(&stage, SECOND, RolloutPhase::Canary).await;
    assert_eq!(waiting.total, 3, "{waiting:?}");
    for slug in &others {
        let status = stage.world.installs(slug).get("it").await.unwrap().status.unwrap();
        assert_eq!(status.version.as_deref(), Some(FIRST), "{slug} of {slugs:?} at {percent}");
        assert!(status.conditions[0].message.contains("goes to other tenants first"), "{status:?}");
    }
    stage.second(0, share(100)).await;
    all_have(&stage, &others, SECOND).await;
}

async fn operation(stage: &Stage, version: &str, phase: OperationPhase) -> OperationStatus {
    let name = format!("{}-{version}", stage.id);
    wait_for(&format!("the rollout's operation is {phase:?}"), PATIENCE, async || {
        let operation = stage.world.plugins().get(&name).await.unwrap().status?.operation?;
        (operation.phase == phase).then_some(operation)
    })
    .await
}

/// What is recorded of the entry's operations: ids and phases, in order of time, and whether any is a tenant's.
async fn recorded(stage: &Stage, version: &str) -> String {
    let sql = format!(
        "SELECT coalesce(string_agg(id || ' ' || phase || coalesce(' of ' || tenant, ''), ', ' ORDER BY started_at), '')
           FROM core.operation WHERE name = '{}-{version}' AND operation ->> 'phase' = phase AND resource = 'Plugin'",
        stage.id
    );
    stage.world.sql(&sql).await
}

/// From the first wave over a failure to the end, whichever operator goes on with it.
#[tokio::test]
async fn a_rollout_in_waves_is_one_operation_for_whoever_goes_on_with_it() {
    let Some(stage) = Stage::new().await else { return };
    let operator = stage.world.operator();
    let slugs = wave(&stage).await;
    let rut = format!("{}.{RUT}", role(&slugs[1], &stage.id));
    stage.world.execute(&format!("CREATE TABLE {rut} ()")).await;
    let rollout_of = |bake: i32| json!({ "bakeSeconds": 0, "canary": { "tenants": [slugs[0]], "bakeSeconds": bake } });
    stage.second(0, json!({ "rollout": rollout_of(AN_HOUR) })).await;
    stage.reaches(SECOND, UpgradePhase::Complete).await;
    let baking = wait_for("the first wave is there", PATIENCE, async || {
        let running = operation(&stage, SECOND, OperationPhase::Running).await;
        (running.progress == "1/3").then_some(running)
    })
    .await;
    let phases = |operation: &OperationStatus| operation.steps.iter().map(|step| step.phase).collect::<Vec<_>>();
    assert_eq!(baking.kind, OperationKind::Rollout);
    assert_eq!(phases(&baking), [StepPhase::Done, StepPhase::Waiting, StepPhase::Waiting], "{baking:?}");
    assert_eq!(baking.steps[1].message, "migrated 1/3; 1 of 1 that go first");
    let is_recorded = async |expected: String| {
        wait_until(&expected, PATIENCE, async || recorded(&stage, SECOND).await == expected).await;
    };
    is_recorded(format!("{} Running", baking.id)).await;

    // The next operator opens it, and one of the others fails.
    operator.kill();
    stage.second(0, json!({ "rollout": rollout_of(0) })).await;
    let second = stage.world.operator();
    let failed = operation(&stage, SECOND, OperationPhase::Failed).await;
    assert_eq!((&failed.id, &failed.started_at), (&baking.id, &baking.started_at));
    assert_eq!(phases(&failed), [StepPhase::Done, StepPhase::Done, StepPhase::Failed], "{failed:?}");
    assert!(failed.completed_at.is_some() && failed.steps[2].message.contains(&slugs[1]), "{failed:?}");
    is_recorded(format!("{} Failed", baking.id)).await;

    // Mended it goes on, under one more operator.
    second.kill();
    stage.world.execute(&format!("DROP TABLE {rut}")).await;
    annotate(&stage.world, &slugs[1], RETRY_UPGRADE, "1").await;
    let _third = stage.world.operator();
    let done = operation(&stage, SECOND, OperationPhase::Succeeded).await;
    all_have(&stage, &slugs, SECOND).await;
    assert_eq!((&done.id, &done.started_at, done.retries), (&baking.id, &baking.started_at, 1), "{done:?}");
    assert_eq!((done.progress.as_str(), done.generation.is_some()), ("3/3", true), "{done:?}");
    is_recorded(format!("{} Succeeded", baking.id)).await;

    // What had no wave that goes first has none.
    let plain = stage.world.plugins().get(&format!("{}-{FIRST}", stage.id)).await.unwrap().status.unwrap();
    assert_eq!(plain.operation, None);
    assert_eq!(recorded(&stage, FIRST).await, "");
}

/// Nobody could say how it ended when the entry is gone.
#[tokio::test]
async fn the_rollout_of_an_entry_that_goes_is_superseded() {
    let Some(stage) = Stage::new().await else { return };
    let _operator = stage.world.operator();
    stage.up().await;
    // Nobody goes first, so that nobody comes to it.
    stage.second(0, json!({ "rollout": { "canary": { "tenants": ["nobody"] } } })).await;
    let waits = operation(&stage, SECOND, OperationPhase::Running).await;
    assert!(waits.steps[0].message.contains("nobody who goes first"), "{waits:?}");
    stage.world.delete(&stage.world.plugins(), &format!("{}-{SECOND}", stage.id)).await;
    assert_eq!(recorded(&stage, SECOND).await, format!("{} Superseded", waits.id));
}
