//! Backends that are down, and two operators.

use kube::{ResourceExt, api::DeleteParams};
use plexica_crds::tenant::Phase;
use plexica_testkit::{wait_for, wait_until};
use serde_json::json;

use crate::{
    bucket_keys::looked_at,
    world::{PATIENCE, World},
};

#[tokio::test]
async fn a_backend_that_is_down_holds_up_its_own_part_alone() {
    let Some(world) = World::new().await else { return };
    for gate in [&world.postgres, &world.keycloak, &world.s3] {
        gate.shut();
    }
    let operator = world.vigilant_operator();
    let slug = world.database.unique("acme");
    world.tenant(&slug, json!({})).await;
    for part in ["DatabaseReady", "IdentityReady", "StorageReady"] {
        world.until(&slug, part, "False", "BackendUnavailable").await;
    }
    let tenant = world.until(&slug, "NamespaceReady", "True", "").await;
    assert_eq!(tenant.status.unwrap().phase, Some(Phase::Degraded));
    assert_eq!(operator.get("/healthz").await.0, 200);
    let (code, text) = operator.get("/readyz").await;
    assert_eq!(code, 503);
    assert!(text.contains("database") && text.contains("identity"), "{text}");

    // One after the other comes back, by itself.
    world.postgres.open();
    world.until(&slug, "DatabaseReady", "True", "").await;
    world.keycloak.open();
    world.until(&slug, "IdentityReady", "True", "").await;
    world.s3.open();
    world.ready(&slug).await;
    wait_until("it is ready", PATIENCE, async || operator.get("/readyz").await.0 == 200).await;

    // Down later: named, and the others go on.
    world.keycloak.shut();
    let tenant = world.until(&slug, "Ready", "False", "BackendUnavailable").await;
    let status = tenant.status.unwrap();
    assert!(status.conditions[0].message.starts_with("identity: Keycloak"), "{:?}", status.conditions[0]);
    assert!(status.identity.is_some(), "it is still where it was");
    world.until(&slug, "DatabaseReady", "True", "").await;

    // It keeps the finalizer, and says so.
    world.tenants().delete(&slug, &DeleteParams::default()).await.unwrap();
    let tenant = wait_for("it says what holds it", PATIENCE, async || {
        let tenant = world.tenants().get(&slug).await.unwrap();
        (tenant.status.as_ref()?.phase == Some(Phase::Terminating)).then_some(tenant)
    })
    .await;
    assert_eq!(tenant.finalizers().len(), 1);
    let ready = tenant.status.unwrap().conditions.remove(0);
    assert_eq!((ready.type_.as_str(), ready.reason.as_str()), ("Ready", "BackendUnavailable"));
    assert!(ready.message.starts_with("being removed; identity: Keycloak"), "{}", ready.message);
    world.keycloak.open();
    world.gone(&world.tenants(), &slug).await;
    operator.stop().await;
}

#[tokio::test]
async fn two_at_once_do_no_harm() {
    let Some(world) = World::new().await else { return };
    let operators = [world.operator(), world.operator()];
    let slugs: Vec<String> = (0..4).map(|_| world.database.unique("acme")).collect();
    for slug in &slugs {
        world.tenant(slug, json!({ "deletionPolicy": "Delete" })).await;
    }
    for slug in &slugs {
        world.ready(slug).await;
    }
    for slug in &slugs {
        world.tenants().delete(slug, &DeleteParams::default()).await.unwrap();
    }
    for slug in &slugs {
        world.gone(&world.tenants(), slug).await;
        assert!(!world.has_schema(&format!("tenant_{}", slug.replace('-', "_"))).await);
    }
    for operator in operators {
        operator.stop().await;
    }
}

/// A bucket that has its mark is well, whether or not the record of intents can be read. What is noted there would make an
/// empty bucket of somebody else's look like ours one day.
#[tokio::test]
async fn an_intent_that_could_not_be_read_is_forgotten_soon_after() {
    let Some(world) = World::new().await else { return };
    let operator = world.operator();
    let slug = world.database.unique("acme");
    world.tenant(&slug, json!({})).await;
    let tenant = world.ready(&slug).await;
    let bucket = tenant.status.and_then(|status| status.storage).unwrap().bucket;

    world.execute("ALTER TABLE core.ownership RENAME TO elsewhere").await;
    let noted = format!(
        "INSERT INTO core.elsewhere (system, name, installation, kind, owner_name, owner_uid)
         VALUES ('S3', '{bucket}', 'plexica', 'Tenant', '{slug}', '{}')",
        tenant.metadata.uid.unwrap()
    );
    world.execute(&noted).await;
    looked_at(&world, &operator, &slug).await;
    world.ready(&slug).await;

    world.execute("ALTER TABLE core.elsewhere RENAME TO ownership").await;
    let count = format!("SELECT count(*) FROM core.ownership WHERE name = '{bucket}'");
    wait_until("it is forgotten", PATIENCE, async || world.sql::<i64>(&count).await == 0).await;
    operator.stop().await;
}
