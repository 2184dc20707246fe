//! Bucket, tags and keys.

use aws_sdk_s3::{
    config::{BehaviorVersion, Credentials, Region},
    types::{Tag, Tagging},
};
use plexica_testkit::s3::ObjectStore;
use serde_json::json;

use crate::outcome::{Result, Stop, failed};

const ROLE: &str = "arn:aws:iam::000000000000:role/plexica-tenant";

pub struct Store {
    s3: aws_sdk_s3::Client,
    sts: aws_sdk_sts::Client,
}

/// Keys that open one bucket.
pub struct Keys {
    pub access_key_id: String,
    pub secret_access_key: String,
    pub session_token: String,
}

impl Store {
    pub fn new(store: &ObjectStore) -> Self {
        let keys = Credentials::new(&store.access_key, &store.secret_key, None, None, "bench");
        let region = Region::from_static("us-east-1");
        let s3 = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(region.clone())
            .endpoint_url(&store.endpoint)
            .force_path_style(true)
            .credentials_provider(keys.clone())
            .build();
        let sts = aws_sdk_sts::Config::builder()
            .behavior_version(aws_sdk_sts::config::BehaviorVersion::latest())
            .region(region)
            .endpoint_url(&store.endpoint)
            .credentials_provider(keys)
            .build();
        Self { s3: aws_sdk_s3::Client::from_conf(s3), sts: aws_sdk_sts::Client::from_conf(sts) }
    }

    /// The bucket with its tags, and meanwhile the keys. The store is reached without TLS, so there
    /// is no bucket policy to set here, as the operator sets none.
    pub async fn create(&self, bucket: &str) -> Result<Keys> {
        let ((), keys) = futures::try_join!(self.bucket(bucket), self.keys(bucket))?;
        Ok(keys)
    }

    async fn bucket(&self, bucket: &str) -> Result<()> {
        self.s3.create_bucket().bucket(bucket).send().await?;
        let pairs =
            [("installation", "bench"), ("owner-kind", "Tenant"), ("owner-name", bucket), ("owner-uid", bucket)];
        let tags = pairs.map(|(key, value)| Tag::builder().key(format!("plexica.io/{key}")).value(value).build());
        let tags = tags.into_iter().collect::<std::result::Result<Vec<_>, _>>()?;
        let tagging = Tagging::builder().set_tag_set(Some(tags)).build()?;
        self.s3.put_bucket_tagging().bucket(bucket).tagging(tagging).send().await?;
        Ok(())
    }

    async fn keys(&self, bucket: &str) -> Result<Keys> {
        let policy = json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Action": ["s3:ListBucket", "s3:GetBucketLocation", "s3:ListBucketMultipartUploads"],
              "Resource": [format!("arn:aws:s3:::{bucket}")] },
            { "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject",
                "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"],
              "Resource": [format!("arn:aws:s3:::{bucket}/*")] },
        ] });
        let request = self.sts.assume_role().role_arn(ROLE).role_session_name(bucket).policy(policy.to_string());
        let answer = request.duration_seconds(3600).send().await?;
        let keys = answer.credentials.map_or_else(|| failed("STS gave no keys"), Ok::<_, Stop>)?;
        Ok(Keys {
            access_key_id: keys.access_key_id,
            secret_access_key: keys.secret_access_key,
            session_token: keys.session_token,
        })
    }

    pub async fn remove(&self, bucket: &str) {
        // It is empty, or not there.
        let _ = self.s3.delete_bucket().bucket(bucket).send().await;
    }
}
