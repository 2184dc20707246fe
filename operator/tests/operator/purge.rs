//! Plugins that do not remove a tenant's data themselves.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use kube::api::{DeleteParams, Patch, PatchParams};
use plexica_crds::{label::CONFIRM_DELETION, plugin_install::Phase};
use plexica_testkit::{wait_for, wait_until};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Executor};

use crate::{
    plugin::{KEEPS, PID, QUITS},
    rotation::{get, role, upstream},
    world::{PATIENCE, World},
};

#[tokio::test]
async fn what_a_plugin_does_not_purge_in_time_is_removed_without_it() {
    let Some(world) = World::new().await else { return };
    // Long enough to be looked at while it is waited for.
    let operator = world.operator_with(|config| config.plugins.purge_deadline = 15);
    let mut leaving = Vec::new();
    for (version, said) in [(KEEPS, "it answered 500: The data is dear to me."), (QUITS, "")] {
        let (slug, id) = (world.database.unique("acme"), world.database.unique("crm"));
        world.plugin(&id, version).await;
        world.tenant(&slug, json!({})).await;
        world.ready(&slug).await;
        world.install(&slug, &id, json!({ "deletionPolicy": "Delete" })).await;
        wait_for("its data is there", PATIENCE, async || {
            world.installs(&slug).get("it").await.unwrap().status?.migrated_version
        })
        .await;
        leaving.push((slug, id, said));
    }
    for (slug, ..) in &leaving {
        world.installs(slug).delete("it", &DeleteParams::default()).await.unwrap();
    }
    for (slug, id, said) in &leaving {
        let status = wait_for("it says who holds it up", PATIENCE, async || {
            let status = world.installs(slug).get("it").await.expect("the deadline is not over").status?;
            status.conditions[0].message.starts_with("being removed; plugin: ").then_some(status)
        })
        .await;
        assert!(status.conditions[0].message.contains(said), "{:?}", status.conditions[0]);
        assert_eq!((status.phase, status.route), (Some(Phase::Terminating), None));
        assert!(world.has_schema(&role(slug, id)).await);
    }
    for (slug, id, _) in &leaving {
        world.gone(&world.installs(slug), "it").await;
        assert!(!world.has_schema(&role(slug, id)).await);
        let roles = format!("SELECT count(*) FROM pg_roles WHERE rolname LIKE '%plugin\\_{}'", id.replace('-', "_"));
        assert_eq!(world.sql::<i64>(&roles).await, 0, "nobody can sign in, or be, the plugin of the tenant");
        let credentials = format!("SELECT count(*) FROM core.plugin_credential WHERE username LIKE 'plugin:{id}%'");
        assert_eq!(world.sql::<i64>(&credentials).await, 0);
        // The tenant has not suffered.
        world.ready(slug).await;
    }
    operator.stop().await;
}

#[tokio::test]
async fn a_plugin_purges_although_its_isolation_was_changed_a_moment_before_the_end() {
    let Some(world) = World::new().await else { return };
    let operator = world.operator();
    let (slug, id) = (world.database.unique("acme"), world.database.unique("crm"));
    world.plugin(&id, "1.0.0").await;
    world.tenant(&slug, json!({})).await;
    world.ready(&slug).await;
    world.install(&slug, &id, json!({ "isolation": "Dedicated" })).await;
    world.installed(&slug).await;
    operator.stop().await;
    world.install(&slug, &id, json!({ "isolation": "Shared", "deletionPolicy": "Delete" })).await;
    world.installs(&slug).delete("it", &DeleteParams::default()).await.unwrap();
    // It would be waited for longer than the test waits.
    let operator = world.operator_with(|config| config.plugins.purge_deadline = 600);
    world.gone(&world.installs(&slug), "it").await;
    assert!(!world.has_schema(&role(&slug, &id)).await);
    operator.stop().await;
}

/// It may ask the platform while it purges.
#[tokio::test]
async fn a_plugin_that_is_started_to_purge_may_sign_in_to_the_core_api() {
    let Some(world) = World::new().await else { return };
    let operator = world.operator();
    let (slug, id) = (world.database.unique("acme"), world.database.unique("crm"));
    world.plugin(&id, KEEPS).await;
    world.tenant(&slug, json!({})).await;
    world.ready(&slug).await;
    world.install(&slug, &id, json!({ "isolation": "Dedicated" })).await;
    world.installed(&slug).await;
    operator.stop().await;
    world.install(&slug, &id, json!({ "isolation": "Shared", "deletionPolicy": "Delete" })).await;
    world.installs(&slug).delete("it", &DeleteParams::default()).await.unwrap();
    let operator = world.operator_with(|config| config.plugins.purge_deadline = 600);
    wait_until("the plugin is asked to purge", PATIENCE, async || {
        let status = world.installs(&slug).get("it").await.unwrap().status.unwrap_or_default();
        status.conditions[0].message.contains("The data is dear to me.")
    })
    .await;
    let credentials = format!("SELECT count(*) FROM core.plugin_credential WHERE username = 'plugin:{id}'");
    assert_eq!(world.sql::<i64>(&credentials).await, 1);
    operator.stop().await;
}

/// The time that a plugin is given begins when it is asked, however long somebody thought about it before.
#[tokio::test]
async fn a_plugin_has_its_time_also_after_a_late_confirmation() {
    let Some(world) = World::new().await else { return };
    let seconds = 4;
    let operator = world.operator_with(|config| config.plugins.purge_deadline = seconds);
    let (slug, id) = (world.database.unique("acme"), world.database.unique("crm"));
    world.plugin(&id, KEEPS).await;
    world.tenant(&slug, json!({})).await;
    world.ready(&slug).await;
    world.install(&slug, &id, json!({})).await;
    let status = async || world.installs(&slug).get_opt("it").await.unwrap()?.status;
    wait_for("its data is there", PATIENCE, async || status().await?.migrated_version).await;
    let patch = async |patch: Value| {
        world.tenants().patch(&slug, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
    };
    patch(json!({ "spec": { "deletionPolicy": "Delete", "skipFinalBackup": true } })).await;
    world.tenants().delete(&slug, &DeleteParams::default()).await.unwrap();
    world.until(&slug, "Ready", "False", "DeletionNotConfirmed").await;
    let begun = Instant::now();
    wait_until("the time would be over", PATIENCE, async || begun.elapsed() > Duration::from_secs(seconds)).await;
    patch(json!({ "metadata": { "annotations": { CONFIRM_DELETION: slug } } })).await;
    wait_for("it is asked, and waited for", PATIENCE, async || {
        let message = status().await.expect("the deadline is not over").conditions[0].message.clone();
        message.contains("it answered 500: The data is dear to me.").then_some(())
    })
    .await;
    world.gone(&world.tenants(), &slug).await;
    assert!(!world.has_schema(&role(&slug, &id)).await);
    operator.stop().await;
}

#[tokio::test]
async fn what_runs_for_an_install_that_another_operator_let_go_is_not_left_to_nobody() {
    let Some(world) = World::new().await else { return };
    let operator = world.operator_with(|config| config.plugins.purge_deadline = 600);
    let (slug, id) = (world.database.unique("acme"), world.database.unique("crm"));
    world.plugin(&id, "1.0.0").await;
    world.tenant(&slug, json!({})).await;
    world.ready(&slug).await;
    world.install(&slug, &id, json!({ "deletionPolicy": "Delete" })).await;
    world.installed(&slug).await;
    let process = get(&format!("{}{PID}", upstream(&world, &slug).await)).await.unwrap();
    let logins = format!(
        "SELECT count(*) FROM pg_roles WHERE rolcanlogin AND rolname LIKE 'plugin%\\_{}'",
        id.replace('-', "_")
    );
    assert_eq!(world.sql::<i64>(&logins).await, 1);

    // The plugin is held up in its purge.
    let mut holder = world.database.connect().await;
    let lock = format!("BEGIN; LOCK TABLE {}.note IN ACCESS EXCLUSIVE MODE", role(&slug, &id));
    holder.execute(sqlx::raw_sql(AssertSqlSafe(lock))).await.unwrap();
    let installs = world.installs(&slug);
    installs.delete("it", &DeleteParams::default()).await.unwrap();
    let waits = "SELECT (SELECT max(pid) FROM pg_stat_activity WHERE datname = current_database() \
                 AND wait_event_type = 'Lock' AND usename LIKE 'plugin%')";
    let backend = wait_for("the purge waits", PATIENCE, async || world.sql::<Option<i32>>(waits).await).await;
    // As another operator does at the end of it.
    let let_go = Patch::Merge(json!({ "metadata": { "finalizers": null } }));
    installs.patch("it", &PatchParams::default(), &let_go).await.unwrap();
    assert!(world.sql::<bool>(&format!("SELECT pg_cancel_backend({backend})")).await);

    wait_until("nobody can sign in as the plugin", PATIENCE, async || world.sql::<i64>(&logins).await == 0).await;
    wait_until("its process has ended", PATIENCE, async || !Path::new("/proc").join(&process).exists()).await;
    let credentials = format!("SELECT count(*) FROM core.plugin_credential WHERE username LIKE 'plugin:{id}%'");
    assert_eq!(world.sql::<i64>(&credentials).await, 0);
    world.ready(&slug).await;
    operator.stop().await;
}
