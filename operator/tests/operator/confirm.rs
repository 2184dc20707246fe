//! Data goes for good only when somebody has said so twice.

use kube::api::{DeleteParams, Patch, PatchParams};
use plexica_crds::label::CONFIRM_DELETION;
use plexica_testkit::wait_until;
use serde_json::{Value, json};

use crate::world::{PATIENCE, World};

async fn patch(world: &World, slug: &str, patch: Value) {
    world.tenants().patch(slug, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
}

/// One that is being deleted with the policy `Delete`, by mistake.
async fn leaving(world: &World, id: &str) -> String {
    let slug = world.database.unique("acme");
    world.tenant(&slug, json!({})).await;
    world.ready(&slug).await;
    world.install(&slug, id, json!({})).await;
    world.installed(&slug).await;
    patch(world, &slug, json!({ "spec": { "deletionPolicy": "Delete", "skipFinalBackup": true } })).await;
    world.installs(&slug).delete("it", &DeleteParams::default()).await.unwrap();
    world.tenants().delete(&slug, &DeleteParams::default()).await.unwrap();
    slug
}

/// Both say what they wait for, and all is there.
async fn holds(world: &World, slug: &str, id: &str) {
    world.until(slug, "Ready", "False", "DeletionNotConfirmed").await;
    let schema = format!("tenant_{}", slug.replace('-', "_"));
    assert!(world.has_schema(&schema).await);
    assert!(world.has_schema(&format!("{schema}_plugin_{}", id.replace('-', "_"))).await);
    assert_eq!(world.realm(&format!("tenant-{slug}")).await, 200);
}

#[tokio::test]
async fn a_tenant_is_removed_when_its_name_is_said_once_more_or_kept_after_all() {
    let Some(world) = World::new().await else { return };
    let _operator = world.operator();
    let id = world.database.unique("crm");
    world.plugin(&id, "1.0.0").await;
    let [wanted, mistaken] = [leaving(&world, &id).await, leaving(&world, &id).await];
    for slug in [&wanted, &mistaken] {
        holds(&world, slug, &id).await;
        patch(&world, slug, json!({ "metadata": { "annotations": { CONFIRM_DELETION: "globex" } } })).await;
        holds(&world, slug, &id).await;
    }

    patch(&world, &wanted, json!({ "metadata": { "annotations": { CONFIRM_DELETION: wanted } } })).await;
    world.gone(&world.tenants(), &wanted).await;
    assert!(!world.has_schema(&format!("tenant_{}", wanted.replace('-', "_"))).await);
    assert_eq!(world.realm(&format!("tenant-{wanted}")).await, 404);

    patch(&world, &mistaken, json!({ "spec": { "deletionPolicy": "Retain" } })).await;
    world.gone(&world.tenants(), &mistaken).await;
    let schema = format!("tenant_{}_plugin_{}", mistaken.replace('-', "_"), id.replace('-', "_"));
    assert!(world.has_schema(&schema).await, "what was installed is kept too");
    world.tenant(&mistaken, json!({ "deletionPolicy": "Delete" })).await;
    world.ready(&mistaken).await;
    world.delete(&world.tenants(), &mistaken).await;
    wait_until("what was kept goes too", PATIENCE, async || !world.has_schema(&schema).await).await;
}
