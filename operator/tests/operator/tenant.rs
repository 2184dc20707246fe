//! Tenants as they should be, and those that cannot be.

use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::{
    Api, ResourceExt,
    api::{ObjectMeta, PostParams},
};
use plexica_crds::tenant::Phase;
use plexica_testkit::{wait_for, wait_until};
use serde_json::json;

use crate::world::{PATIENCE, World};

#[tokio::test]
async fn everything_is_there_and_then_nothing_is_written() {
    let Some(world) = World::new().await else { return };
    let operator = world.vigilant_operator();
    let slug = world.database.unique("acme");
    world.tenant(&slug, json!({ "admin": { "email": "ada@acme.test" }, "domains": ["app.acme.test"] })).await;
    let tenant = world.ready(&slug).await;

    let status = tenant.status.unwrap();
    assert_eq!((status.phase, status.observed_generation), (Some(Phase::Ready), Some(1)));
    let sql = slug.replace('-', "_");
    assert_eq!(status.database.unwrap().schema, format!("tenant_{sql}"));
    assert!(world.has_schema(&format!("tenant_{sql}")).await);
    assert_eq!(world.realm(&format!("tenant-{slug}")).await, 200);
    let issuer = status.identity.unwrap().issuer;
    let text = |secret: &Secret, key: &str| String::from_utf8(secret.data.as_ref().unwrap()[key].0.clone()).unwrap();
    let identity: Secret = world.find(&slug, "plexica-identity").await.unwrap();
    assert_eq!((text(&identity, "issuer"), text(&identity, "client-id")), (issuer.clone(), "api".into()));

    // The secret in it signs the tenant's servers in.
    let form = [
        ("grant_type", "client_credentials".to_owned()),
        ("client_id", text(&identity, "client-id")),
        ("client_secret", text(&identity, "client-secret")),
    ];
    let token = reqwest::Client::new().post(format!("{issuer}/protocol/openid-connect/token")).form(&form);
    assert_eq!(token.send().await.unwrap().status(), 200);
    let storage: Secret = world.find(&slug, "plexica-storage").await.unwrap();
    assert_eq!(text(&storage, "bucket"), format!("tenant-{slug}"));
    assert!(!text(&storage, "session-token").is_empty());
    assert!(status.storage.unwrap().credentials_expire_at.is_some());

    // Looked at again and again, and nothing is written anywhere.
    let versions = async || {
        let tenant = world.tenants().get(&slug).await.unwrap().resource_version();
        let namespace = world.global::<Namespace>(&format!("tenant-{slug}")).await.unwrap().resource_version();
        let identity = world.find::<Secret>(&slug, "plexica-identity").await.unwrap().resource_version();
        let storage = world.find::<Secret>(&slug, "plexica-storage").await.unwrap().resource_version();
        [tenant, namespace, identity, storage]
    };
    let seen = operator.count("plexica_operator_reconciles_total").await;
    wait_until("it settles", PATIENCE, async || operator.count("plexica_operator_reconciles_total").await > seen).await;
    // Postgres' statistics come a few seconds late, so what counts is that they come to rest.
    wait_until("five more looks wrote nothing", PATIENCE, async || {
        let state = async || {
            let changes = operator.count("plexica_operator_backend_changes_total").await;
            (versions().await, changes, world.rows(std::slice::from_ref(&slug)).await)
        };
        let before = state().await;
        let seen = operator.count("plexica_operator_reconciles_total").await;
        wait_until("it was looked at five times more", PATIENCE, async || {
            operator.count("plexica_operator_reconciles_total").await >= seen + 5.0
        })
        .await;
        let after = state().await;
        assert_eq!((&after.0, after.1), (&before.0, before.1));
        after.2 == before.2
    })
    .await;
    assert_eq!(operator.get("/readyz").await.0, 200);
    operator.stop().await;
}

#[tokio::test]
async fn foreign_parts_are_refused_and_never_touched() {
    let Some(world) = World::new().await else { return };
    let _operator = world.operator();
    let slug = world.database.unique("acme");
    let (name, sql) = (format!("tenant-{slug}"), slug.replace('-', "_"));
    world.execute(&format!("CREATE SCHEMA tenant_{sql}; CREATE TABLE tenant_{sql}.theirs (a int)")).await;
    let namespaces: Api<Namespace> = Api::all(world.client.clone());
    let namespace =
        Namespace { metadata: ObjectMeta { name: Some(name.clone()), ..Default::default() }, ..Default::default() };
    namespaces.create(&PostParams::default(), &namespace).await.unwrap();

    world.tenant(&slug, json!({ "deletionPolicy": "Delete" })).await;
    world.until(&slug, "DatabaseReady", "False", "Conflict").await;
    world.until(&slug, "NamespaceReady", "False", "Conflict").await;
    // The others proceed.
    world.until(&slug, "IdentityReady", "True", "").await;
    world.until(&slug, "StorageReady", "True", "").await;
    let tenant = world.until(&slug, "Stalled", "True", "Conflict").await;
    assert_eq!(tenant.status.unwrap().phase, Some(Phase::Stalled));

    world.delete(&world.tenants(), &slug).await;
    assert!(world.has_schema(&format!("tenant_{sql}")).await);
    assert!(world.sql::<bool>(&format!("SELECT to_regclass('tenant_{sql}.theirs') IS NOT NULL")).await);
    let namespace = world.global::<Namespace>(&name).await.unwrap();
    assert!(namespace.metadata.deletion_timestamp.is_none());
    assert_eq!(world.realm(&name).await, 404, "what was the tenant's own is gone");
}

#[tokio::test]
async fn what_cannot_be_is_stalled_with_a_reason() {
    let Some(world) = World::new().await else { return };
    let operator = world.operator();
    let slug = world.database.unique("acme");
    world.tenant(&slug, json!({ "database": { "placement": "moon" } })).await;
    let tenant = world.until(&slug, "Stalled", "True", "UnknownPlacement").await;
    assert!(tenant.status.unwrap().conditions[0].message.contains("there is default"));
    assert!(!world.has_schema(&format!("tenant_{}", slug.replace('-', "_"))).await);
    world.delete(&world.tenants(), &slug).await;

    // People hear of it.
    let events: Api<k8s_openapi::api::core::v1::Event> = Api::namespaced(world.client.clone(), "default");
    let told = wait_for("an event", PATIENCE, async || {
        let events = events.list(&kube::api::ListParams::default()).await.unwrap();
        events.into_iter().find(|event| event.involved_object.name.as_deref() == Some(&slug))
    })
    .await;
    assert_eq!((told.type_.as_deref(), told.reason.as_deref()), (Some("Warning"), Some("UnknownPlacement")));
    operator.stop().await;
}
