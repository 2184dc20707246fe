//! Operators that may do less than all, in sessions of MinIO's root.

use aws_sdk_sts::config::{BehaviorVersion, Credentials as Keys, Region};
use plexica_backends::s3::preflight::{operator_policy, preflight};
use plexica_backends::s3::{Config, Store, bucket};
use plexica_backends::{Kind, Retired, Secret};
use plexica_crds::tenant::DeletionPolicy::Delete;
use plexica_testkit::{require, unique};
use serde_json::{Value, json};

use crate::world::{World, put, read};

/// The store for who may do what the page for administrators says, except that.
async fn without(world: &World, prefix: &str, denied: Value) -> Store {
    let config = &world.config;
    let keys = Keys::new(&config.access_key_id, config.secret_access_key.reveal(), None, None, "test");
    let sts = aws_sdk_sts::Client::from_conf(
        aws_sdk_sts::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url(config.endpoint.as_ref().unwrap())
            .credentials_provider(keys)
            .build(),
    );
    let mut policy = operator_policy(prefix);
    policy["Statement"].as_array_mut().unwrap().push(denied);
    let assume = sts.assume_role().role_arn("arn:aws:iam::000000000000:role/x").role_session_name("operator");
    let keys = assume.policy(policy.to_string()).send().await.unwrap().credentials.unwrap();
    Store::new(Config {
        access_key_id: keys.access_key_id,
        secret_access_key: Secret::new(keys.secret_access_key),
        session_token: Some(Secret::new(keys.session_token)),
        ..config.clone()
    })
    .unwrap()
}

async fn minio() -> Option<World> {
    Some(World::minio(require!(postgres17)?, require!(minio)?).await)
}

#[tokio::test]
async fn a_preflight_that_may_not_mark_its_bucket_removes_it_all_the_same() {
    let Some(world) = minio().await else { return };
    let prefix = format!("{}-", unique("tenant"));
    let denied = json!({ "Effect": "Deny", "Action": ["s3:PutBucketTagging"], "Resource": ["arn:aws:s3:::*"] });
    let found = preflight(&without(&world, &prefix, denied).await, &prefix).await;
    // (MinIO lets nobody assume a role from a session.)
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].what.contains("could not mark") && found[0].fix.contains("s3:PutBucketTagging"), "{found:?}");
    let left = world.root().list_buckets().send().await.unwrap();
    assert!(!left.buckets().iter().any(|bucket| bucket.name().is_some_and(|name| name.starts_with(&prefix))));
}

/// On AWS names are everybody's, and a bucket of another account lets nobody look.
#[tokio::test]
async fn one_bucket_that_lets_nobody_look_is_somebody_elses() {
    let Some(world) = minio().await else { return };
    let desired = World::desired("1");
    let bucket = &desired.bucket;
    world.root().create_bucket().bucket(bucket).send().await.unwrap();
    put(&world.root(), bucket, "theirs", "kept").await;
    let resources = json!([format!("arn:aws:s3:::{bucket}"), format!("arn:aws:s3:::{bucket}/*")]);
    let closed = json!({ "Effect": "Deny", "Action": ["s3:*"], "Resource": resources });
    let store = without(&world, "tenant-", closed).await;
    let observed = bucket::observe(&store, &world.intents, &desired).await.unwrap();
    let error = bucket::ensure(&store, &world.intents, &desired, &observed).await.unwrap_err();
    assert_eq!(error.kind, Kind::Conflict, "{error}");
    assert_eq!(bucket::retire(&store, &world.intents, &desired, Delete).await.unwrap(), Retired::Foreign);
    assert_eq!(read(&world.root(), bucket, "theirs").await, "kept");

    // Who may look at none is told what is missing.
    let blind = json!({ "Effect": "Deny", "Action": ["s3:GetBucketTagging"], "Resource": ["arn:aws:s3:::*"] });
    let store = without(&world, "tenant-", blind).await;
    let error = bucket::observe(&store, &world.intents, &desired).await.unwrap_err();
    assert_eq!(error.kind, Kind::Denied, "{error}");
}
