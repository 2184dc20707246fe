//! Keys to a bucket, which nobody can take back, are made when there is a place for them.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::{
    Api, ResourceExt,
    api::{DeleteParams, ObjectMeta, Patch, PatchParams, PostParams},
};
use plexica_testkit::{wait_for, wait_until};
use serde_json::json;

use crate::{
    rotation::{opens_bucket, text},
    running::Operator,
    world::{PATIENCE, World},
};

/// How often keys were asked for.
fn asked_for(world: &World) -> usize {
    world.s3.written().iter().filter(|line| line.starts_with("POST / ")).count()
}

/// Waits until the tenant was looked at once more, and again.
pub async fn looked_at(world: &World, operator: &Operator, slug: &str) {
    for turn in 0..3 {
        let seen = operator.count("plexica_operator_reconciles_total").await;
        let wake = Patch::Merge(json!({ "metadata": { "annotations": { "example.test/turn": turn.to_string() } } }));
        world.tenants().patch(slug, &PatchParams::default(), &wake).await.unwrap();
        let looked = async || operator.count("plexica_operator_reconciles_total").await > seen;
        wait_until("it was looked at", PATIENCE, looked).await;
    }
}

fn named(name: &str) -> ObjectMeta {
    ObjectMeta { name: Some(name.into()), ..ObjectMeta::default() }
}

async fn is_in_conflict(world: &World, slug: &str) {
    world.until(slug, "StorageReady", "True", "Provisioned").await;
    world.until(slug, "NamespaceReady", "False", "Conflict").await;
}

#[tokio::test]
async fn none_are_made_while_the_namespace_is_somebody_elses() {
    let Some(world) = World::new().await else { return };
    let slug = world.database.unique("acme");
    let namespace = Namespace { metadata: named(&format!("tenant-{slug}")), ..Namespace::default() };
    Api::all(world.client.clone()).create(&PostParams::default(), &namespace).await.unwrap();
    let operator = world.operator();
    world.tenant(&slug, json!({})).await;
    is_in_conflict(&world, &slug).await;
    looked_at(&world, &operator, &slug).await;
    assert_eq!(asked_for(&world), 0);
}

#[tokio::test]
async fn none_are_made_while_their_secret_is_somebody_elses() {
    let Some(world) = World::new().await else { return };
    let operator = world.operator();
    let slug = world.database.unique("acme");
    world.tenant(&slug, json!({})).await;
    world.ready(&slug).await;
    assert_eq!(asked_for(&world), 1);
    let secrets: Api<Secret> = Api::namespaced(world.client.clone(), &format!("tenant-{slug}"));
    let name = "plexica-storage";
    let theirs = |mut secret: Secret| {
        secret.labels_mut().clear();
        secret.annotations_mut().clear();
        secret
    };
    let held = secrets.get(name).await.unwrap();
    secrets.replace(name, &PostParams::default(), &theirs(held)).await.unwrap();
    looked_at(&world, &operator, &slug).await;
    is_in_conflict(&world, &slug).await;
    looked_at(&world, &operator, &slug).await;
    assert_eq!(asked_for(&world), 1);

    // When it is gone, there is a place again.
    secrets.delete(name, &DeleteParams::default()).await.unwrap();
    let wake = Patch::Merge(json!({ "metadata": { "annotations": BTreeMap::from([("example.test/turn", "last")]) } }));
    world.tenants().patch(&slug, &PatchParams::default(), &wake).await.unwrap();
    world.ready(&slug).await;
    assert_eq!(asked_for(&world), 2);
}

/// The store makes none for less than a quarter of an hour, so the Secret says that its keys are older.
#[tokio::test]
async fn others_are_made_before_they_end() {
    let Some(world) = World::new().await else { return };
    let _operator = world.vigilant_operator();
    let slug = world.database.unique("acme");
    world.tenant(&slug, json!({})).await;
    world.ready(&slug).await;
    let old: Secret = world.find(&slug, "plexica-storage").await.unwrap();
    let now = Timestamp::now();
    let (issued, ends) = (now - SignedDuration::from_mins(45), now + SignedDuration::from_mins(15));
    let aged = json!({ "plexica.io/issued-at": issued.to_string(), "plexica.io/expires-at": ends.to_string() });
    let patch = Patch::Merge(json!({ "metadata": { "annotations": aged } }));
    let secrets: Api<Secret> = Api::namespaced(world.client.clone(), &format!("tenant-{slug}"));
    secrets.patch("plexica-storage", &PatchParams::default(), &patch).await.unwrap();

    let new = wait_for("others are made", PATIENCE, async || {
        let seen: Secret = world.find(&slug, "plexica-storage").await?;
        (text(&seen, "access-key-id") != text(&old, "access-key-id")).then_some(seen)
    })
    .await;
    assert!(opens_bucket(&world, &new).await && opens_bucket(&world, &old).await, "those before end by themselves");
    assert_eq!(asked_for(&world), 2);
    let ready = wait_for("both are told of", PATIENCE, async || {
        let status = world.tenants().get(&slug).await.unwrap().status?;
        (status.credentials.storage.as_ref()?.generation == 2).then_some(status)
    })
    .await;
    let told = ready.credentials.storage.unwrap();
    // Times of resources have seconds.
    assert_eq!(told.previous_until.map(|time| time.0.as_second()), Some(ends.as_second()));
    assert!(ready.storage.unwrap().credentials_expire_at.unwrap().0 > ends);
}
