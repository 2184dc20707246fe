//! An object that is written once.

use crate::Result;
use crate::s3::Store;
use crate::s3::failure::{answered, failure};

/// Writes the object if there is none of that key yet; whether there was none. Of several who try it at the
/// same time one does it ([`If-None-Match`](https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html)).
pub async fn create(store: &Store, bucket: &str, key: &str, content: Vec<u8>) -> Result<bool> {
    let put = store.client.put_object().bucket(bucket).key(key).if_none_match("*").body(content.into());
    match put.send().await {
        Ok(_) => Ok(true),
        Err(error) if answered(&error, &["PreconditionFailed"]) => Ok(false),
        Err(error) => Err(failure(&format!("write {key} in bucket {bucket}"))(error)),
    }
}
