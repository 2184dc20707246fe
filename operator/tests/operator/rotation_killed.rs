//! An operator that is killed between any two writes of a rotation, and the next one that finishes.

use plexica_crds::label::ROTATE;
use plexica_testkit::wait_until;
use serde_json::json;

use crate::{
    killed::killed_by,
    plugin::NOTES,
    rotation::{annotate, gets_token, identity, role, turned, turned_realm},
    world::{PATIENCE, World},
};

/// Both are rotated, and what was before has ended.
async fn done(world: &World, slug: &str, generation: i64) {
    turned_realm(world, slug, generation, true).await;
    turned(world, slug, generation, true).await;
}

#[tokio::test]
async fn a_rotation_is_finished_by_the_next_operator_wherever_one_is_killed() {
    let Some(world) = World::new().await else { return };
    let (slug, id) = (world.database.unique("acme"), world.database.unique("crm"));
    let first = world.operator();
    world.plugin(&id, "1.0.0").await;
    world.tenant(&slug, json!({ "deletionPolicy": "Delete", "rotation": { "overlap": "1s" } })).await;
    world.ready(&slug).await;
    world.install(&slug, &id, json!({ "isolation": "Dedicated" })).await;
    world.installed(&slug).await;
    first.stop().await;

    let logins = format!("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'login%{}'", id.replace('-', "_"));
    for writes in 0.. {
        let generation = i64::try_from(writes).unwrap() + 2;
        annotate(&world.tenants(), &slug, ROTATE, format!("request {writes}")).await;
        let ended = killed_by(&world, writes, done(&world, &slug, generation), |_| {}).await;
        // Whatever had been written, who reads the Secret gets in.
        assert!(gets_token(&identity(&world, &slug).await).await, "{writes}");
        let next = world.operator();
        done(&world, &slug, generation).await;
        wait_until("it serves", PATIENCE, async || {
            // The route may be that of the one that was killed, with its processes.
            let route = world.installed(&slug).await.status.unwrap().route.unwrap();
            let url = format!("{}{NOTES}/{}", route.upstream, role(&slug, &id));
            reqwest::get(&url).await.is_ok_and(|answer| answer.status().is_success())
        })
        .await;
        assert!(gets_token(&identity(&world, &slug).await).await, "{writes}");
        wait_until("one generation is left", PATIENCE, async || {
            world.sql::<i64>(&logins).await == 1
                && world.sql::<i64>("SELECT count(*) FROM core.plugin_credential").await == 1
        })
        .await;
        next.stop().await;
        if ended {
            println!("a rotation takes {writes} writes");
            break;
        }
    }
    let last = world.operator();
    world.delete(&world.tenants(), &slug).await;
    assert_eq!(world.sql::<i64>(&logins).await, 0);
    last.stop().await;
}
