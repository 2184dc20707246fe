//! The page for administrators, done to the letter.

use std::time::Duration;

use aws_sdk_sts::config::{BehaviorVersion, Credentials as Keys, Region};
use plexica_backends::Secret;
use plexica_backends::s3::preflight::{operator_policy, preflight};
use plexica_backends::s3::{Config, Mode, Store, bucket};
use plexica_crds::tenant::DeletionPolicy::Delete;
use plexica_testkit::{require, unique};

use crate::on_stores;
use crate::world::{World, config, put};

on_stores! {
    nothing_is_missing_for_the_root
    what_is_missing_is_said
}

async fn nothing_is_missing_for_the_root(world: World) {
    // The store is shared, and others try it at the same time.
    let prefix = format!("{}-", unique("tenant"));
    assert_eq!(preflight(&world.store, &prefix).await, []);
    let left = world.root().list_buckets().send().await.unwrap();
    assert!(!left.buckets().iter().any(|bucket| bucket.name().is_some_and(|name| name.starts_with(&prefix))));
}

async fn what_is_missing_is_said(world: World) {
    let endpoint = world.config.endpoint.clone().unwrap();
    let wrong = config(endpoint.clone(), &world.config.access_key_id, "wrong", Duration::from_hours(1));
    let found = preflight(&Store::new(wrong).unwrap(), "tenant-").await;
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].fix.contains("s3:CreateBucket") && found[1].fix.contains("sts:AssumeRole"), "{found:?}");

    let nowhere = tempfile::tempdir().unwrap().path().join("keys.yaml");
    let no_file = Config { credentials: Mode::Static(nowhere), ..world.config.clone() };
    let found = preflight(&Store::new(no_file).unwrap(), "tenant-").await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].what.contains("cannot read"), "{found:?}");

    let closed = config("http://127.0.0.1:1".into(), "a", "b", Duration::from_hours(1));
    let found = preflight(&Store::new(closed).unwrap(), "tenant-").await;
    assert!(found.iter().all(|finding| finding.what.contains("cannot be reached")), "{found:?}");
}

#[test]
fn the_page_shows_the_policy() {
    let page = include_str!("../../../docs/bootstrap.md");
    let (_, rest) = page.split_once("```json\n").expect("a block of JSON");
    let shown: serde_json::Value = serde_json::from_str(rest.split_once("```").expect("its end").0).unwrap();
    assert_eq!(shown, operator_policy("tenant-"));
}

/// With exactly the page's policy, in a session of MinIO's root, a bucket lives its whole life.
#[tokio::test]
async fn the_policy_is_enough() {
    let Some(server) = require!(postgres17) else { return };
    let Some(minio) = require!(minio) else { return };
    let sts = aws_sdk_sts::Client::from_conf(
        aws_sdk_sts::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url(&minio.endpoint)
            .credentials_provider(Keys::new(&minio.access_key, &minio.secret_key, None, None, "test"))
            .build(),
    );
    let policy = operator_policy("tenant-").to_string();
    let assume = sts.assume_role().role_arn("arn:aws:iam::000000000000:role/x").role_session_name("operator");
    let keys = assume.policy(policy).send().await.unwrap().credentials.unwrap();
    let root = World::minio(server, minio).await;
    let store = Store::new(Config {
        access_key_id: keys.access_key_id,
        secret_access_key: Secret::new(keys.secret_access_key),
        session_token: Some(Secret::new(keys.session_token)),
        ..root.config.clone()
    })
    .unwrap();
    let desired = World::desired("1");
    let observed = bucket::observe(&store, &root.intents, &desired).await.unwrap();
    assert!(!bucket::ensure(&store, &root.intents, &desired, &observed).await.unwrap().is_empty());
    put(&root.root(), &desired.bucket, "a", "a").await;
    let _removed = bucket::retire(&store, &root.intents, &desired, Delete).await.unwrap();
    let other = bucket::Desired { bucket: desired.bucket.replace("tenant-", "other-"), ..desired };
    assert!(bucket::observe(&store, &root.intents, &other).await.is_err(), "no more than the policy says");
}
