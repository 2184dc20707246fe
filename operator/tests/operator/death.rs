//! A plugin that ends by itself.

use plexica_testkit::{wait_for, wait_until};
use serde_json::json;
use tokio::net::TcpListener;

use crate::{
    plugin::{DIE, healthy},
    world::{PATIENCE, World},
};

/// Its port may be somebody else's a moment later, so that the route may not wait for a resync.
#[tokio::test]
async fn the_route_follows_a_plugin_that_died_without_a_resync() {
    let Some(world) = World::new().await else { return };
    let _operator = world.operator_with(|config| config.work.resync = 3600);
    let (slug, id) = (world.database.unique("acme"), world.database.unique("crm"));
    world.plugin(&id, "1.0.0").await;
    world.tenant(&slug, json!({})).await;
    world.ready(&slug).await;
    world.install(&slug, &id, json!({})).await;
    let first = world.installed(&slug).await.status.unwrap().route.unwrap().upstream;
    let address = first.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let _squatter = wait_for("its port is taken by another", PATIENCE, async || {
        // It never answers: that is the point.
        let _ = reqwest::get(format!("{first}{DIE}")).await;
        TcpListener::bind(&address).await.ok()
    })
    .await;
    wait_until("the route leads to where it runs now", PATIENCE, async || {
        let status = world.installs(&slug).get("it").await.unwrap().status.unwrap();
        let Some(route) = status.route.filter(|route| route.upstream != first) else { return false };
        healthy(&route.upstream).await
    })
    .await;
    world.installed(&slug).await;
}
