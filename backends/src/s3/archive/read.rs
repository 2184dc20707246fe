//! An object, whole or piece by piece.

use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;

use crate::s3::Store;
use crate::s3::failure::{answered, failure};
use crate::{Error, Result, System};

/// Pieces of an object that is there.
#[derive(Debug)]
pub struct Pieces {
    what: String,
    body: ByteStream,
}

impl Pieces {
    /// Begins at the start.
    pub async fn of(store: &Store, bucket: &str, key: &str) -> Result<Self> {
        let what = format!("{key} in bucket {bucket}");
        let got = store.client.get_object().bucket(bucket).key(key).send().await;
        Ok(Self { body: got.map_err(failure(&format!("read {what}")))?.body, what })
    }

    /// The next one; nothing at the end.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        let broken = |error| Error::unavailable(System::S3, format!("{} broke off", self.what)).because(error);
        self.body.try_next().await.map_err(broken)
    }
}

/// The content of a small one, if it is there.
pub async fn read(store: &Store, bucket: &str, key: &str) -> Result<Option<Vec<u8>>> {
    let got = store.client.get_object().bucket(bucket).key(key).send().await;
    let got = match got {
        Err(error) if answered(&error, &["NoSuchKey", "NoSuchBucket"]) => return Ok(None),
        got => got.map_err(failure(&format!("read {key} in bucket {bucket}")))?,
    };
    let broken = |error| Error::unavailable(System::S3, format!("{key} in bucket {bucket} broke off")).because(error);
    Ok(Some(got.body.collect().await.map_err(broken)?.to_vec()))
}
