//! More than one database.

use std::{collections::BTreeMap, io::Write};

use kube::api::DeleteParams;
use plexica_backends::postgres::bootstrap;
use plexica_crds::label::ABANDON;
use plexica_operator::Config;
use plexica_testkit::{postgres::Database, require, wait_until};
use serde_json::json;
use sqlx::{AssertSqlSafe, Executor};
use tempfile::NamedTempFile;

use crate::{
    gate::Gate,
    rotation::annotate,
    world::{PATIENCE, World},
};

/// A file of placements, first in every order.
fn file(url: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    let placements = BTreeMap::from([("archive", json!({ "url": url }))]);
    file.write_all(serde_json::to_string(&placements).unwrap().as_bytes()).unwrap();
    file
}

fn with(file: &NamedTempFile) -> impl FnOnce(&mut Config) + use<> {
    let path = file.path().to_owned();
    move |config| config.database.placements = Some(path)
}

#[tokio::test]
async fn another_database_that_is_down_holds_up_nobody() {
    let Some(world) = World::new().await else { return };
    let file = file("postgres://nobody:x@127.0.0.1:1/archive");
    let operator = world.operator_with(with(&file));
    wait_until("it is ready", PATIENCE, async || operator.get("/readyz").await.0 == 200).await;
    let slug = world.database.unique("acme");
    world.tenant(&slug, json!({})).await;
    world.ready(&slug).await;
    let there = world.database.unique("beta");
    world.tenant(&there, json!({ "database": { "placement": "archive" } })).await;
    world.until(&there, "DatabaseReady", "False", "BackendUnavailable").await;
    operator.stop().await;
}

/// One more database on the same server, for the world's own login.
async fn second(world: &World) -> Option<(Database, Gate)> {
    let database = require!(postgres17)?.database().await;
    let (login, password) = world.login();
    let mut administrator = database.connect().await;
    administrator.execute(bootstrap::SQL).await.unwrap();
    let connect = format!("GRANT CONNECT ON DATABASE \"{}\" TO \"{login}\"", database.name());
    administrator.execute(sqlx::raw_sql(AssertSqlSafe(connect))).await.unwrap();
    let gate = Gate::before(&database.url_as(login, password), &world.budget).await;
    Some((database, gate))
}

#[tokio::test]
async fn who_comes_back_elsewhere_does_not_start_empty() {
    let Some(world) = World::new().await else { return };
    let Some((archive, gate)) = second(&world).await else { return };
    let file = file(gate.url.as_str());
    let operator = world.operator_with(with(&file));
    let slug = world.database.unique("acme");
    let schema = format!("tenant_{}", slug.replace('-', "_"));
    let there = json!({ "database": { "placement": "archive" } });
    world.tenant(&slug, there.clone()).await;
    world.ready(&slug).await;
    let kept = format!("CREATE TABLE {schema}.kept AS SELECT 42 AS answer");
    archive.connect().await.execute(sqlx::raw_sql(AssertSqlSafe(kept))).await.unwrap();
    world.delete(&world.tenants(), &slug).await;

    // Where its data is cannot be asked: it waits, and a new tenant does not.
    gate.shut();
    world.tenant(&slug, json!({})).await;
    world.until(&slug, "DatabaseReady", "False", "BackendUnavailable").await;
    let fresh = world.database.unique("beta");
    world.tenant(&fresh, json!({})).await;
    world.ready(&fresh).await;
    assert!(!world.has_schema(&schema).await);

    gate.open();
    let refused = world.until(&slug, "Ready", "False", "Conflict").await.status.unwrap();
    assert!(
        refused.conditions[0].message.contains("spec.database.placement \"archive\""),
        "{:?}",
        refused.conditions[0]
    );
    assert!(!world.has_schema(&schema).await);
    world.delete(&world.tenants(), &slug).await;

    world.tenant(&slug, there).await;
    world.ready(&slug).await;
    let answer = format!("SELECT answer FROM {schema}.kept");
    let answer: i32 = sqlx::query_scalar(AssertSqlSafe(answer)).fetch_one(&mut archive.connect().await).await.unwrap();
    assert_eq!(answer, 42);
    for tenant in [&slug, &fresh] {
        world.delete(&world.tenants(), tenant).await;
    }
    operator.stop().await;
}

#[tokio::test]
async fn who_goes_while_its_database_is_not_configured_is_held_up_until_it_is_given_up() {
    let Some(world) = World::new().await else { return };
    let Some((_archive, gate)) = second(&world).await else { return };
    let file = file(gate.url.as_str());
    let operator = world.operator_with(with(&file));
    let slug = world.database.unique("acme");
    world.tenant(&slug, json!({ "database": { "placement": "archive" } })).await;
    world.ready(&slug).await;
    operator.stop().await;

    let operator = world.operator();
    let (api, params) = (world.tenants(), DeleteParams::default());
    let _going = api.delete(&slug, &params).await.unwrap();
    let held = world.until(&slug, "DatabaseReady", "False", "UnknownPlacement").await.status.unwrap();
    let said = held.conditions.iter().find(|condition| condition.type_ == "DatabaseReady").unwrap();
    assert!(said.message.contains("\"archive\"") && said.message.contains(ABANDON), "{said:?}");
    annotate(&api, &slug, ABANDON, "database").await;
    world.gone(&api, &slug).await;
    operator.stop().await;
}
