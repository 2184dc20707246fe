//! Versions that fail are taken back by operators that are killed at each write.

use plexica_testkit::wait_until;
use serde_json::{Value, json};

use crate::{
    killed::killed_after,
    plugin::{REFUSES, SICKENS, healthy},
    world::{PATIENCE, World},
};

const FIRST: &str = "1.0.0";

/// Publishes the version to a tenant at the first one; how often, and what the plugin did for it each time.
async fn taken_back(version: &str, change: &Value, allowed: &[&str]) {
    let Some(world) = World::new().await else { return };
    let (slug, first) = (world.database.unique("acme"), world.operator());
    world.tenant(&slug, json!({ "deletionPolicy": "Delete" })).await;
    world.ready(&slug).await;
    first.stop().await;

    let (mut ended, mut writes) = (false, 0);
    while !ended {
        let (id, maker) = (world.database.unique("crm"), world.operator());
        let schema = format!("tenant_{}_plugin_{}", slug.replace('-', "_"), id.replace('-', "_"));
        world.plugin(&id, FIRST).await;
        world.install(&slug, &id, json!({ "deletionPolicy": "Delete" })).await;
        world.installed(&slug).await;
        maker.stop().await;

        world.plugin_with(&id, version, change.clone()).await;
        let back = async || world.install_until(&slug, "Ready", "False", "UpgradeFailed").await.status.unwrap();
        ended = killed_after(&world, writes, async { drop(back().await) }).await;
        let next = world.operator();
        let status = back().await;
        assert_eq!(status.version.as_deref(), Some(FIRST), "{writes}");
        wait_until("the first one serves", PATIENCE, async || {
            let status = world.installs(&slug).get("it").await.unwrap().status.unwrap();
            healthy(&status.route.unwrap().upstream).await
        })
        .await;
        let notes: Vec<String> = world.sql(&format!("SELECT array_agg(action ORDER BY ctid) FROM {schema}.note")).await;
        assert!(notes.iter().all(|note| allowed.contains(&note.as_str())), "{writes}: {notes:?}");
        assert!(notes.last().unwrap().ends_with(FIRST), "it is at the first one again, {writes}: {notes:?}");

        world.delete(&world.installs(&slug), "it").await;
        for version in [FIRST, version] {
            world.delete(&world.plugins(), &format!("{id}-{version}")).await;
        }
        next.stop().await;
        writes += 1;
    }
    println!("an upgrade to {version} that is taken back takes at most {writes} writes");
}

#[tokio::test]
async fn a_migration_that_fails() {
    taken_back(REFUSES, &json!({}), &["Install 1.0.0"]).await;
}

#[tokio::test]
async fn a_version_that_does_not_stay_well() {
    let allowed = ["Install 1.0.0", &format!("Upgrade {SICKENS}"), "Rollback 1.0.0"];
    taken_back(SICKENS, &json!({ "rollout": { "bakeSeconds": 3600 } }), &allowed).await;
}
