//! The bucket of final backups.

use aws_sdk_s3::{
    Client,
    config::{BehaviorVersion, Credentials, Region},
};
use plexica_testkit::s3::ObjectStore;

/// A bucket of backups.
pub struct Backups<'a> {
    client: Client,
    bucket: &'a str,
}

impl<'a> Backups<'a> {
    pub fn new(store: &ObjectStore, bucket: &'a str) -> Self {
        let keys = Credentials::new(&store.access_key, &store.secret_key, None, None, "t2");
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url(&store.endpoint)
            .force_path_style(true)
            .credentials_provider(keys);
        Self { client: Client::from_conf(config.build()), bucket }
    }

    async fn keys(&self) -> Vec<String> {
        let listed = self.client.list_objects_v2().bucket(self.bucket).send().await.expect("there is such a bucket");
        listed.contents().iter().filter_map(|object| object.key()).map(str::to_owned).collect()
    }

    /// Holds what the only backup must have against what is there; what its keys begin with.
    pub async fn hold(&self, wanted: &[&str]) -> String {
        let keys = self.keys().await;
        for name in wanted {
            assert!(keys.iter().any(|key| key.ends_with(name)), "{name} is not in {keys:?}");
        }
        let manifest = keys.iter().find_map(|key| key.strip_suffix("manifest.json"));
        manifest.expect("a backup has a manifest").to_owned()
    }

    /// Takes all of them away.
    pub async fn clear(&self) {
        for key in self.keys().await {
            self.client.delete_object().bucket(self.bucket).key(key).send().await.unwrap();
        }
        self.client.delete_bucket().bucket(self.bucket).send().await.unwrap();
    }
}
