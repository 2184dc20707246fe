//! What only the embedded store can be asked.

use std::time::Duration;

use plexica_backends::s3::bucket::{self, Desired};
use plexica_backends::s3::{Store, credential};
use plexica_testkit::{require, wait_until};
use tokio_util::sync::CancellationToken;

use crate::world::{ROOT_ID, ROOT_SECRET, World, client, config, put, read, start};

#[tokio::test]
async fn expired_keys_open_nothing() {
    let Some(server) = require!(postgres17) else { return };
    let world = World::embedded(server).await;
    let desired = World::desired("1");
    let _made = world.ensure(&desired).await.unwrap();
    let endpoint = world.config.endpoint.clone().unwrap();
    let short = Store::new(config(endpoint, ROOT_ID, ROOT_SECRET, Duration::from_secs(6))).unwrap();
    let tenant = world.tenant(&credential::issue(&short, &desired.bucket).await.unwrap());
    put(&tenant, &desired.bucket, "a", "a").await;
    wait_until("the keys have ended", Duration::from_secs(30), async || {
        let listed = tenant.list_objects_v2().bucket(&desired.bucket).send().await;
        listed.is_err_and(|error| error.raw_response().is_some_and(|response| response.status().as_u16() == 400))
    })
    .await;
}

#[tokio::test]
async fn a_restart_keeps_objects_marks_and_keys() {
    let Some(server) = require!(postgres17) else { return };
    let world = World::embedded(server).await;
    let folder = tempfile::tempdir().unwrap();
    let first = CancellationToken::new();
    let running = start(folder.path(), &first).await;
    let config_of = |endpoint| config(endpoint, ROOT_ID, ROOT_SECRET, Duration::from_hours(1));
    let before = config_of(running.endpoint());
    let store = Store::new(before.clone()).unwrap();
    let desired: Desired = World::desired("1");
    let observed = bucket::observe(&store, &world.intents, &desired).await.unwrap();
    let _made = bucket::ensure(&store, &world.intents, &desired, &observed).await.unwrap();
    let keys = credential::issue(&store, &desired.bucket).await.unwrap();
    let tenant = |config| client(config, &keys.access_key_id, &keys.secret_access_key, keys.session_token.as_ref());
    put(&tenant(&before), &desired.bucket, "a", "kept").await;
    first.cancel();
    running.stopped().await;

    let second = CancellationToken::new();
    let _stop = second.clone().drop_guard();
    let after = config_of(start(folder.path(), &second).await.endpoint());
    let store = Store::new(after.clone()).unwrap();
    let observed = bucket::observe(&store, &world.intents, &desired).await.unwrap();
    assert!(bucket::ensure(&store, &world.intents, &desired, &observed).await.unwrap().is_empty());
    assert_eq!(read(&tenant(&after), &desired.bucket, "a").await, "kept");
}

#[tokio::test]
async fn nobody_is_let_in_without_a_signature() {
    let shutdown = CancellationToken::new();
    let _stop = shutdown.clone().drop_guard();
    let folder = tempfile::tempdir().unwrap();
    let endpoint = start(folder.path(), &shutdown).await.endpoint();
    let http = reqwest::Client::new();
    assert_eq!(http.get(&endpoint).send().await.unwrap().status(), 403);
    assert_eq!(http.put(format!("{endpoint}/tenant-acme")).send().await.unwrap().status(), 403);
    let form = [("Action", "AssumeRole"), ("Policy", "{}")];
    assert_eq!(http.post(format!("{endpoint}/")).form(&form).send().await.unwrap().status(), 403);
}
