//! Installs that go: while a backend is down, while they are being made, and with their tenant.

use std::collections::BTreeMap;

use kube::{ResourceExt, api::DeleteParams};
use plexica_crds::plugin_install::Phase;
use plexica_testkit::{wait_for, wait_until};
use serde_json::json;

use crate::{
    plugin::{SLOW, healthy},
    rotation::role,
    world::{PATIENCE, World},
};

/// Roles of the plugin that are left.
async fn roles(world: &World, id: &str) -> i64 {
    let plugin = id.replace('-', "_");
    world.sql(&format!("SELECT count(*) FROM pg_roles WHERE rolname LIKE '%plugin\\_{plugin}'")).await
}

/// Credentials of the plugin that are noted.
async fn credentials(world: &World, id: &str) -> i64 {
    world.sql(&format!("SELECT count(*) FROM core.plugin_credential WHERE username LIKE 'plugin:{id}%'")).await
}

#[tokio::test]
async fn what_goes_while_the_database_is_down_waits_for_it_and_says_so() {
    let Some(world) = World::new().await else { return };
    let operator = world.operator();
    let id = world.database.unique("crm");
    let [acme, beta] = [world.database.unique("acme"), world.database.unique("beta")];
    world.plugin(&id, "1.0.0").await;
    for slug in [&acme, &beta] {
        world.tenant(slug, json!({ "deletionPolicy": "Delete" })).await;
        world.ready(slug).await;
        world.install(slug, &id, json!({ "deletionPolicy": "Delete" })).await;
        world.installed(slug).await;
    }

    world.postgres.shut();
    // One install by itself, the other with its tenant; a second delete changes nothing.
    for _ in 0..2 {
        world.installs(&acme).delete("it", &DeleteParams::default()).await.unwrap();
        world.tenants().delete(&beta, &DeleteParams::default()).await.unwrap();
    }
    for slug in [&acme, &beta] {
        // It may have been looked at once more before its end was noticed.
        let install = wait_for("it says what its removal waits for", PATIENCE, async || {
            let install = world.installs(slug).get("it").await.unwrap();
            let ready = install.status.as_ref()?.conditions.first()?;
            let says = ready.message.starts_with("being removed; database: Postgres");
            (says && ready.reason == "BackendUnavailable").then_some(install)
        })
        .await;
        assert_eq!(install.finalizers().len(), 1);
        let status = install.status.unwrap();
        assert_eq!((status.phase, status.route), (Some(Phase::Terminating), None));
    }
    wait_until("the tenant says what it waits for", PATIENCE, async || {
        let tenant = world.tenants().get(&beta).await.unwrap();
        let ready = tenant.status.unwrap().conditions.into_iter().next().unwrap();
        ready.status == "False" && ready.message.contains(&format!("the install tenant-{beta}/it"))
    })
    .await;
    assert!(world.has_schema(&role(&acme, &id)).await);

    world.postgres.open();
    world.gone(&world.installs(&acme), "it").await;
    world.gone(&world.tenants(), &beta).await;
    assert!(world.installs(&beta).get_opt("it").await.unwrap().is_none());
    for schema in [role(&acme, &id), role(&beta, &id), format!("tenant_{}", beta.replace('-', "_"))] {
        assert!(!world.has_schema(&schema).await, "{schema}");
    }
    // Two that went at once: the login they shared went with the last.
    assert_eq!(roles(&world, &id).await, 0);
    // The tenant that stays has not suffered.
    world.ready(&acme).await;

    // With its tenant, while another part of the tenant is down: the install goes, the tenant waits.
    world.install(&acme, &id, json!({})).await;
    world.installed(&acme).await;
    world.s3.shut();
    world.tenants().delete(&acme, &DeleteParams::default()).await.unwrap();
    world.gone(&world.installs(&acme), "it").await;
    let tenant = world.until(&acme, "Ready", "False", "BackendUnavailable").await;
    let message = tenant.status.unwrap().conditions.remove(0).message;
    assert!(message.starts_with("being removed; storage: "), "{message}");
    world.s3.open();
    world.gone(&world.tenants(), &acme).await;
    world.delete(&world.plugins(), &format!("{id}-1.0.0")).await;
    operator.stop().await;
}

#[tokio::test]
async fn an_install_that_goes_while_it_is_made_leaves_nothing() {
    let Some(world) = World::new().await else { return };
    let operator = world.operator();
    let (slug, id) = (world.database.unique("acme"), world.database.unique("crm"));
    world.plugin(&id, SLOW).await;
    world.tenant(&slug, json!({})).await;
    world.ready(&slug).await;
    // Without waiting; when it has a finalizer; when its workload is being started; when it serves.
    for moment in ["", "finalizer", "WorkloadReady", "Ready"] {
        world.install(&slug, &id, json!({ "deletionPolicy": "Delete" })).await;
        match moment {
            "" => {}
            "finalizer" => {
                let there = async || !world.installs(&slug).get("it").await.unwrap().finalizers().is_empty();
                wait_until("it has a finalizer", PATIENCE, there).await;
            }
            "WorkloadReady" => drop(world.install_until(&slug, moment, "False", "").await),
            _ => drop(world.installed(&slug).await),
        }
        world.delete(&world.installs(&slug), "it").await;
        assert!(!world.has_schema(&role(&slug, &id)).await, "{moment}");
        assert_eq!(roles(&world, &id).await, 0, "{moment}");
        assert_eq!(credentials(&world, &id).await, 0, "{moment}");
    }
    world.ready(&slug).await;
    world.delete(&world.tenants(), &slug).await;
    operator.stop().await;
}

/// Each of them leaves what they share to the last, which is at another version here.
#[tokio::test]
async fn many_go_at_once_and_end_nothing_that_is_used_and_the_last_leaves_nothing() {
    let Some(world) = World::new().await else { return };
    let operator = world.operator();
    let id = world.database.unique("crm");
    let [stays, mut going @ ..] = ["acme", "beta", "gama", "delta"].map(|slug| world.database.unique(slug));
    for version in ["1.0.0", "1.1.0"] {
        world.plugin(&id, version).await;
    }
    let install = async |slug: &str, version: &str| {
        let spec = json!({ "deletionPolicy": "Delete", "plugin": { "version": format!("={version}") } });
        world.install(slug, &id, spec).await;
        wait_for(&format!("{slug} has {version}"), PATIENCE, async || {
            let install = world.installed(slug).await;
            let status = install.status.clone()?;
            (status.version.as_deref() == Some(version)).then_some((install.uid().unwrap(), status.route?.upstream))
        })
        .await
    };
    let mut uids = BTreeMap::new();
    let mut upstream = String::new();
    for slug in [&stays].into_iter().chain(&going) {
        world.tenant(slug, json!({ "deletionPolicy": "Delete" })).await;
        world.ready(slug).await;
        let (uid, there) = install(slug, "1.0.0").await;
        uids.insert(slug.clone(), uid);
        upstream = there;
    }
    going.sort_by_key(|slug| uids[slug].clone());
    install(&going[2], "1.1.0").await;

    for slug in &going {
        world.installs(slug).delete("it", &DeleteParams::default()).await.unwrap();
    }
    for slug in &going {
        world.gone(&world.installs(slug), "it").await;
        assert!(!world.has_schema(&role(slug, &id)).await);
    }
    assert!(healthy(&upstream).await, "it serves who stays");
    assert_eq!(roles(&world, &id).await, 2, "its login, and the role of who stays");
    world.delete(&world.installs(&stays), "it").await;
    assert_eq!(roles(&world, &id).await, 0);
    assert_eq!(credentials(&world, &id).await, 0);
    wait_until("it has ended", PATIENCE, async || !healthy(&upstream).await).await;
    for slug in [&stays].into_iter().chain(&going) {
        world.delete(&world.tenants(), slug).await;
    }
    operator.stop().await;
}

#[tokio::test]
async fn what_installs_have_kept_goes_with_a_tenant_that_is_deleted() {
    let Some(world) = World::new().await else { return };
    let operator = world.operator();
    let id = world.database.unique("crm");
    let [acme, beta] = [world.database.unique("acme"), world.database.unique("beta")];
    world.plugin(&id, "1.0.0").await;
    for (slug, policy) in [(&acme, "Delete"), (&beta, "Retain")] {
        world.tenant(slug, json!({ "deletionPolicy": policy })).await;
        world.ready(slug).await;
        world.install(slug, &id, json!({})).await;
        world.installed(slug).await;
        world.delete(&world.installs(slug), "it").await;
        assert!(world.has_schema(&role(slug, &id)).await, "it is kept");
    }
    for slug in [&acme, &beta] {
        world.delete(&world.tenants(), slug).await;
    }
    assert!(!world.has_schema(&role(&acme, &id)).await);
    assert!(world.has_schema(&role(&beta, &id)).await, "the other tenant's policy keeps it");
    assert_eq!(roles(&world, &id).await, 1, "the role of what is kept");
    operator.stop().await;
}

/// An operator that never hears of the tenant's own deletion: its policy counts all the same.
#[tokio::test]
async fn a_tenant_that_keeps_its_data_is_heard_of_in_time() {
    let Some(world) = World::new().await else { return };
    let operator = world.operator();
    let (slug, id) = (world.database.unique("acme"), world.database.unique("crm"));
    world.plugin(&id, "1.0.0").await;
    world.tenant(&slug, json!({ "deletionPolicy": "Retain" })).await;
    world.ready(&slug).await;
    world.install(&slug, &id, json!({ "deletionPolicy": "Delete" })).await;
    world.installed(&slug).await;
    operator.stop().await;

    let deaf = world.operator_by(
        |_| {},
        |request| {
            let uri = request.uri().to_string();
            if uri.contains("/tenants?") && uri.contains("watch=true") {
                let deaf = uri.replace("labelSelector=plexica.io", "labelSelector=nobody.example");
                assert_ne!(deaf, uri, "it looks for other labels");
                *request.uri_mut() = deaf.parse().unwrap();
            }
        },
    );
    let listed = async || deaf.count("plexica_operator_reconciles_total").await > 0.0;
    wait_until("it has listed all there is", PATIENCE, listed).await;
    world.tenants().delete(&slug, &DeleteParams::default()).await.unwrap();
    world.delete(&world.installs(&slug), "it").await;
    assert!(world.has_schema(&role(&slug, &id)).await, "the tenant's policy keeps it");
    let notes = format!("SELECT count(*) FROM {}.note", role(&slug, &id));
    assert_eq!(world.sql::<i64>(&notes).await, 1, "the plugin was not asked to purge");
    deaf.stop().await;
    let operator = world.operator();
    world.gone(&world.tenants(), &slug).await;
    operator.stop().await;
}
