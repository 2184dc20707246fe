//! Everything that is ever done with a bucket, once.

use super::ensure::{create, write_tags};
use super::policy;
use crate::ownership::Mark;
use crate::s3::Store;
use crate::s3::archive;
use crate::s3::credential::Credentials;
use crate::s3::failure::failure;
use crate::{Error, Kind, Result, System};

/// The object that is written.
const PROBE: &str = "probe";

/// Creates the bucket. One that is there already is not ours to remove again.
pub(in crate::s3) async fn make(store: &Store, bucket: &str) -> Result<()> {
    if create(store, bucket).await? {
        return Ok(());
    }
    let message = format!("could not create bucket {bucket}: it is there already");
    Err(Error::new(System::S3, Kind::Conflict, message, "Try again: its name is random."))
}

/// Marks the bucket and writes to it.
pub(in crate::s3) async fn fill(store: &Store, bucket: &str) -> Result<()> {
    let mark =
        Mark { installation: "preflight".into(), kind: "Preflight".into(), name: bucket.into(), uid: bucket.into() };
    write_tags(store, bucket, &[], &mark.stamp()).await?;
    let read = store.client.get_bucket_tagging().bucket(bucket).send().await;
    read.map_err(failure(&format!("read the tags of bucket {bucket}")))?;
    if store.config.encrypted()
        && let Some(policy) = policy::missing(None, bucket)
    {
        let put = store.client.put_bucket_policy().bucket(bucket).policy(policy.to_string()).send().await;
        put.map_err(failure(&format!("set the policy of bucket {bucket}")))?;
    }
    write(&store.client, bucket).await?;
    if archive::create(store, bucket, PROBE, b"again".to_vec()).await? {
        let message = "the store writes an object anew although it was told to (If-None-Match) only if there is none";
        let remedy = "Take a store with conditional writes: final backups are kept whole by them.";
        return Err(Error::new(System::S3, Kind::Invalid, message, remedy));
    }
    Ok(())
}

/// Writes to the bucket with a tenant's keys.
pub(in crate::s3) async fn fill_as(store: &Store, bucket: &str, keys: &Credentials) -> Result<()> {
    write(&store.client_as(keys), bucket).await
}

async fn write(client: &aws_sdk_s3::Client, bucket: &str) -> Result<()> {
    let put = client.put_object().bucket(bucket).key(PROBE).body(b"probe".to_vec().into()).send().await;
    put.map_err(failure(&format!("write to bucket {bucket}"))).map(drop)
}
