//! Writing an object of any size with little memory.

use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use sha2::{Digest, Sha256};

use crate::Result;
use crate::s3::Store;
use crate::s3::failure::failure;

/// What is held in memory and sent at a time. A store takes 10,000 of them for one object: 78 GiB.
const PART: usize = 8 * 1024 * 1024;

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// In bytes.
    pub size: u64,
    /// Digest of the content, in hexadecimal.
    pub sha256: String,
}

/// An object that is being written; it appears when it is finished, whole or not at all.
#[derive(Debug)]
pub struct Upload<'a> {
    store: &'a Store,
    bucket: &'a str,
    key: String,
    buffer: Vec<u8>,
    parts: Vec<CompletedPart>,
    /// Of an object of several parts.
    id: Option<String>,
    hash: Sha256,
    size: u64,
}

impl<'a> Upload<'a> {
    /// Nothing is sent yet.
    pub fn begin(store: &'a Store, bucket: &'a str, key: String) -> Self {
        let (buffer, parts) = (Vec::new(), Vec::new());
        Self { store, bucket, key, buffer, parts, id: None, hash: Sha256::new(), size: 0 }
    }

    /// Appends.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.hash.update(bytes);
        self.size += bytes.len() as u64;
        self.buffer.extend_from_slice(bytes);
        while self.buffer.len() >= PART {
            let rest = self.buffer.split_off(PART);
            let part = std::mem::replace(&mut self.buffer, rest);
            self.send(part).await?;
        }
        Ok(())
    }

    /// Makes it appear.
    pub async fn finish(mut self) -> Result<Written> {
        let last = std::mem::take(&mut self.buffer);
        let (client, doing) = (&self.store.client, self.doing());
        if self.id.is_none() {
            let put = client.put_object().bucket(self.bucket).key(&self.key).body(last.into()).send().await;
            put.map_err(failure(&doing))?;
        } else {
            if !last.is_empty() {
                self.send(last).await?;
            }
            let parts = CompletedMultipartUpload::builder().set_parts(Some(self.parts)).build();
            let complete = client.complete_multipart_upload().bucket(self.bucket).key(&self.key);
            let complete = complete.set_upload_id(self.id).multipart_upload(parts).send().await;
            complete.map_err(failure(&doing))?;
        }
        Ok(Written { size: self.size, sha256: hex::encode(self.hash.finalize()) })
    }

    /// Leaves nothing of it.
    pub async fn abort(self) -> Result<()> {
        if self.id.is_none() {
            return Ok(());
        }
        let doing = format!("leave nothing of {} in bucket {}", self.key, self.bucket);
        let abort = self.store.client.abort_multipart_upload().bucket(self.bucket).key(self.key);
        abort.set_upload_id(self.id).send().await.map_err(failure(&doing)).map(drop)
    }

    async fn send(&mut self, part: Vec<u8>) -> Result<()> {
        let (client, doing) = (&self.store.client, self.doing());
        if self.id.is_none() {
            let create = client.create_multipart_upload().bucket(self.bucket).key(&self.key).send().await;
            self.id = create.map_err(failure(&doing))?.upload_id;
        }
        let number = i32::try_from(self.parts.len() + 1).unwrap_or(i32::MAX);
        let upload = client.upload_part().bucket(self.bucket).key(&self.key).set_upload_id(self.id.clone());
        let sent = upload.part_number(number).body(part.into()).send().await.map_err(failure(&doing))?;
        self.parts.push(CompletedPart::builder().set_e_tag(sent.e_tag).part_number(number).build());
        Ok(())
    }

    fn doing(&self) -> String {
        format!("write {} in bucket {}", self.key, self.bucket)
    }
}
