//! A realm and a bucket of somebody else at a tenant's names, and a realm at the platform's.

use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use k8s_openapi::api::core::v1::Secret;
use kube::{Api, ResourceExt};
use plexica_crds::tenant::Phase;
use plexica_testkit::wait_until;
use serde_json::{Value, json};

use crate::{
    issuer::Administrator,
    world::{PATIENCE, World, is},
};

/// The store, with its root user's keys.
pub fn root(world: &World) -> aws_sdk_s3::Client {
    client(world, &world.store.access_key, &world.store.secret_key, None)
}

/// The store, with a pair of keys, and the token of their session if they are of one.
pub fn client(
    world: &World,
    access_key_id: &str,
    secret_access_key: &str,
    session: Option<String>,
) -> aws_sdk_s3::Client {
    let keys = Credentials::new(access_key_id, secret_access_key, session, None, "test");
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(&world.store.endpoint)
        .force_path_style(true)
        .credentials_provider(keys);
    aws_sdk_s3::Client::from_conf(config.build())
}

/// All that Keycloak says of a realm, in an order of our own: each time it has read a set anew from
/// its database, it may tell it in another.
async fn state(administrator: &Administrator, realm: &str) -> [Value; 3] {
    let [mut settings, mut clients, mut roles] = [
        administrator.get(&format!("/{realm}")).await,
        administrator.get(&format!("/{realm}/clients")).await,
        administrator.get(&format!("/{realm}/roles")).await,
    ];
    for value in [&mut settings, &mut clients, &mut roles] {
        sort(value);
    }
    [settings, clients, roles]
}

fn sort(value: &mut Value) {
    match value {
        Value::Array(items) => {
            items.iter_mut().for_each(sort);
            items.sort_by_cached_key(Value::to_string);
        }
        Value::Object(fields) => fields.values_mut().for_each(sort),
        _ => {}
    }
}

#[tokio::test]
async fn a_foreign_realm_and_bucket_are_named_and_never_touched() {
    let Some(world) = World::new().await else { return };
    let operator = world.operator();
    let slug = world.database.unique("acme");
    let name = format!("tenant-{slug}");
    let administrator = Administrator::of(&world.issuer);
    let theirs = json!({ "realm": name, "enabled": true, "displayName": "Theirs", "attributes": { "owner": "them" } });
    administrator.make(theirs).await;
    let realm = state(&administrator, &name).await;
    let store = root(&world);
    store.create_bucket().bucket(&name).send().await.unwrap();
    store.put_object().bucket(&name).key("theirs").body(b"kept".to_vec().into()).send().await.unwrap();

    world.tenant(&slug, json!({ "deletionPolicy": "Delete" })).await;
    for part in ["IdentityReady", "StorageReady"] {
        world.until(&slug, part, "False", "Conflict").await;
    }
    // The others proceed.
    world.until(&slug, "DatabaseReady", "True", "").await;
    let tenant = world.until(&slug, "Stalled", "True", "Conflict").await;
    let status = tenant.status.clone().unwrap();
    assert_eq!(status.phase, Some(Phase::Stalled));
    assert!(is(&status.conditions, "Ready", "False", "Conflict"), "{:?}", status.conditions);
    let ready = &status.conditions[0].message;
    assert!(ready.contains(&format!("the realm {name}")) && ready.contains(&format!("the bucket {name}")), "{ready}");
    assert_eq!((status.identity, status.storage), (None, None), "nothing of theirs is the tenant's");
    assert_eq!(tenant.finalizers().len(), 1);

    world.delete(&world.tenants(), &slug).await;
    assert!(!world.has_schema(&format!("tenant_{}", slug.replace('-', "_"))).await, "the tenant's own went");
    assert_eq!(state(&administrator, &name).await, realm);
    let object = store.get_object().bucket(&name).key("theirs").send().await.unwrap();
    assert_eq!(object.body.collect().await.unwrap().to_vec(), b"kept");
    let tags = store.get_bucket_tagging().bucket(&name).send().await.unwrap_err();
    assert_eq!(tags.as_service_error().and_then(|error| error.meta().code()), Some("NoSuchTagSet"));
    let policy = store.get_bucket_policy().bucket(&name).send().await.unwrap_err();
    assert_eq!(policy.as_service_error().and_then(|error| error.meta().code()), Some("NoSuchBucketPolicy"));

    // Out of the way, the name is free.
    administrator.remove(&name).await;
    store.delete_object().bucket(&name).key("theirs").send().await.unwrap();
    store.delete_bucket().bucket(&name).send().await.unwrap();
    world.tenant(&slug, json!({ "deletionPolicy": "Delete" })).await;
    for part in ["IdentityReady", "StorageReady"] {
        world.until(&slug, part, "True", "").await;
    }
    world.delete(&world.tenants(), &slug).await;
    operator.stop().await;
}

#[tokio::test]
async fn a_foreign_realm_is_never_told_of_as_the_platforms() {
    let Some(world) = World::new().await else { return };
    let secrets: Api<Secret> = Api::namespaced(world.client.clone(), &world.platform());
    let told = async || secrets.get_opt("plexica-platform-identity").await.unwrap();
    let name = world.platform();
    let operator = world.vigilant_operator();
    wait_until("the platform's realm is told of", PATIENCE, async || told().await.is_some()).await;
    let data = told().await.unwrap().data.unwrap();
    let issuer = format!("{}/realms/{name}", world.issuer.url);
    for (key, value) in [("realm", &name), ("issuer", &issuer)] {
        assert_eq!(data[key].0, value.as_bytes());
    }
    // Another installation takes it over.
    let administrator = world.administrator();
    let mut realm = administrator.get(&format!("/{name}")).await;
    for value in realm["attributes"].as_object_mut().unwrap().values_mut().filter(|value| *value == "plexica") {
        *value = json!("another");
    }
    administrator.put(&format!("/{name}"), realm).await;
    let theirs = state(&administrator, &name).await;
    wait_until("what is theirs is no longer told of", PATIENCE, async || told().await.is_none()).await;
    assert_eq!(state(&administrator, &name).await, theirs);

    // The next operator starts at once, where this one waits longer each time.
    operator.stop().await;
    let operator = world.operator();
    administrator.remove(&name).await;
    wait_until("our own is told of again", PATIENCE, async || told().await.is_some()).await;
    operator.stop().await;
}
