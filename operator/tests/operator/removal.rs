//! Tenants that go, and come back.

use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::{
    Api, ResourceExt,
    api::{DeleteParams, Patch, PatchParams},
};
use plexica_crds::{label, tenant::Phase};
use serde_json::json;

use crate::world::{World, apply};

#[tokio::test]
async fn retained_parts_are_taken_back_and_deleted_ones_are_gone() {
    let Some(world) = World::new().await else { return };
    let _operator = world.operator();
    let slug = world.database.unique("acme");
    let (name, sql) = (format!("tenant-{slug}"), slug.replace('-', "_"));
    world.tenant(&slug, json!({})).await;
    let first = world.ready(&slug).await;
    world.execute(&format!("CREATE TABLE tenant_{sql}.kept AS SELECT 42 AS answer")).await;

    world.delete(&world.tenants(), &slug).await;
    assert_eq!(world.sql::<i32>(&format!("SELECT answer FROM tenant_{sql}.kept")).await, 42);
    assert_eq!(world.realm(&name).await, 200);
    let namespace = world.global::<Namespace>(&name).await.unwrap();
    assert!(namespace.annotations().contains_key(label::RETAINED_AT));

    // The same name again, with another uid.
    world.tenant(&slug, json!({ "deletionPolicy": "Delete" })).await;
    let second = world.ready(&slug).await;
    assert_ne!(first.uid(), second.uid());
    assert_eq!(world.sql::<i32>(&format!("SELECT answer FROM tenant_{sql}.kept")).await, 42);
    let namespace = world.global::<Namespace>(&name).await.unwrap();
    assert!(!namespace.annotations().contains_key(label::RETAINED_AT));
    assert_eq!(namespace.labels().get(label::OWNER_UID), second.uid().as_ref());

    world.delete(&world.tenants(), &slug).await;
    assert!(!world.has_schema(&format!("tenant_{sql}")).await);
    assert_eq!(world.realm(&name).await, 404);
    assert!(!world.has_namespace(&name).await);
}

#[tokio::test]
async fn applied_again_while_its_namespace_goes_it_waits_for_that_alone() {
    let Some(world) = World::new().await else { return };
    let operator = world.operator();
    let slug = world.database.unique("acme");
    let name = format!("tenant-{slug}");
    world.tenant(&slug, json!({ "deletionPolicy": "Delete" })).await;
    let first = world.ready(&slug).await;
    // Something in it takes its time to go.
    let held = json!({ "apiVersion": "v1", "kind": "Secret",
        "metadata": { "name": "held", "finalizers": ["plexica.test/held"] } });
    let secrets: Api<Secret> = Api::namespaced(world.client.clone(), &name);
    apply(&secrets, "held", &held).await;
    world.delete(&world.tenants(), &slug).await;
    world.tenant(&slug, json!({ "deletionPolicy": "Delete" })).await;
    for part in ["DatabaseReady", "IdentityReady", "StorageReady"] {
        world.until(&slug, part, "True", "").await;
    }
    let status = world.until(&slug, "NamespaceReady", "False", "Pending").await.status.unwrap();
    let ready = &status.conditions[0];
    assert_eq!((ready.status.as_str(), ready.reason.as_str()), ("False", "Pending"));
    assert!(ready.message.starts_with("namespace: ") && ready.message.contains("still being removed"), "{ready:?}");
    assert_eq!(status.phase, Some(Phase::Provisioning));

    let release = Patch::Merge(json!({ "metadata": { "finalizers": null } }));
    secrets.patch("held", &PatchParams::default(), &release).await.unwrap();
    world.delete(&secrets, "held").await;
    world.empties(&name).await;
    let second = world.ready(&slug).await;
    assert_ne!(first.uid(), second.uid());
    let namespace = world.global::<Namespace>(&name).await.unwrap();
    assert_eq!(namespace.labels().get(label::OWNER_UID), second.uid().as_ref());
    world.delete(&world.tenants(), &slug).await;
    operator.stop().await;
}

#[tokio::test]
async fn adoption_can_be_refused() {
    let Some(world) = World::new().await else { return };
    let _operator = world.operator();
    let slug = world.database.unique("acme");
    world.tenant(&slug, json!({})).await;
    world.ready(&slug).await;
    world.delete(&world.tenants(), &slug).await;
    world.tenant(&slug, json!({ "adoptionPolicy": "Never" })).await;
    for part in ["DatabaseReady", "IdentityReady", "StorageReady", "NamespaceReady"] {
        world.until(&slug, part, "False", "AdoptionRefused").await;
    }
    world.delete(&world.tenants(), &slug).await;
    assert!(world.has_schema(&format!("tenant_{}", slug.replace('-', "_"))).await);
}

#[tokio::test]
async fn deleting_while_creating_leaves_nothing() {
    let Some(world) = World::new().await else { return };
    let operator = world.operator();
    // Without waiting, and after the finalizer, and after the first part.
    for part in ["", "Ready", "DatabaseReady"] {
        let slug = world.database.unique("acme");
        world.tenant(&slug, json!({ "deletionPolicy": "Delete" })).await;
        if part == "DatabaseReady" {
            world.until(&slug, part, "True", "").await;
        } else if part == "Ready" {
            plexica_testkit::wait_until("it has a status", crate::world::PATIENCE, async || {
                world.tenants().get(&slug).await.unwrap().finalizers().len() == 1
            })
            .await;
        }
        world.tenants().delete(&slug, &DeleteParams::default()).await.unwrap();
        world.delete(&world.tenants(), &slug).await;
        assert!(!world.has_schema(&format!("tenant_{}", slug.replace('-', "_"))).await);
        assert_eq!(world.realm(&format!("tenant-{slug}")).await, 404);
    }
    operator.stop().await;
}
