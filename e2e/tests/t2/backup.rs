//! The bucket of final backups.

use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use plexica_testkit::s3::ObjectStore;

/// Holds what a backup must have against what is there, and takes it away.
pub async fn holds(store: &ObjectStore, bucket: &str, wanted: &[&str]) {
    let keys = Credentials::new(&store.access_key, &store.secret_key, None, None, "t2");
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(&store.endpoint)
        .force_path_style(true)
        .credentials_provider(keys);
    let client = aws_sdk_s3::Client::from_conf(config.build());
    let listed = client.list_objects_v2().bucket(bucket).send().await.expect("there is such a bucket");
    let keys: Vec<&str> = listed.contents().iter().filter_map(|object| object.key()).collect();
    for name in wanted {
        assert!(keys.iter().any(|key| key.ends_with(name)), "{name} is not in {keys:?}");
    }
    for key in &keys {
        client.delete_object().bucket(bucket).key(*key).send().await.unwrap();
    }
    client.delete_bucket().bucket(bucket).send().await.unwrap();
}
