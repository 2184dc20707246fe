//! Keys to buckets that a person keeps in a file, for stores without STS.

use k8s_openapi::api::core::v1::Secret;
use plexica_operator::config::CredentialMode;
use plexica_testkit::{wait_for, wait_until};
use serde_json::json;

use crate::{
    foreign::client,
    running::vigilant,
    world::{PATIENCE, World},
};

fn text(secret: &Secret, key: &str) -> String {
    String::from_utf8(secret.data.as_ref().unwrap()[key].0.clone()).unwrap()
}

#[tokio::test]
async fn the_pair_in_the_file_is_handed_out_and_followed() {
    let Some(world) = World::new().await else { return };
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_owned();
    let _operator = world.operator_with(|config| {
        config.storage.s3_credentials = CredentialMode::Static;
        config.storage.s3_credentials_file = Some(path);
        vigilant(config);
    });
    let slug = world.database.unique("acme");
    let keep = |access_key_id: &str, secret_access_key: &str| {
        let pair = json!({ "accessKeyId": access_key_id, "secretAccessKey": secret_access_key });
        std::fs::write(file.path(), json!({ format!("tenant-{slug}"): pair }).to_string()).unwrap();
    };
    std::fs::write(file.path(), "{}").unwrap();
    world.tenant(&slug, json!({ "deletionPolicy": "Delete" })).await;
    wait_until("it says which keys there are none of", PATIENCE, async || {
        let conditions = world.tenants().get(&slug).await.unwrap().status.unwrap_or_default().conditions;
        let missing = format!("no keys for bucket tenant-{slug}");
        conditions.iter().any(|one| one.type_ == "StorageReady" && one.message.contains(&missing))
    })
    .await;

    // Whoever keeps the file has the store's own ways to limit a pair to its bucket.
    keep(&world.store.access_key, &world.store.secret_key);
    let status = world.ready(&slug).await.status.unwrap();
    assert_eq!(status.storage.unwrap().credentials_expire_at, None);
    let secret: Secret = world.find(&slug, "plexica-storage").await.unwrap();
    assert_eq!(text(&secret, "session-token"), "");
    let store = client(&world, &text(&secret, "access-key-id"), &text(&secret, "secret-access-key"), None);
    let (bucket, body) = (text(&secret, "bucket"), aws_sdk_s3::primitives::ByteStream::from_static(b"hello"));
    store.put_object().bucket(&bucket).key("a").body(body).send().await.unwrap();
    assert_eq!(store.get_object().bucket(&bucket).key("a").send().await.unwrap().content_length(), Some(5));

    keep("another", "pair of keys");
    wait_for("the Secret has the new pair", PATIENCE, async || {
        let secret: Secret = world.find(&slug, "plexica-storage").await?;
        (text(&secret, "access-key-id") == "another").then_some(())
    })
    .await;
    world.delete(&world.tenants(), &slug).await;
}
