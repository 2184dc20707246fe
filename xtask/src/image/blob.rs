//! Content that is named by its digest.

use std::io::{self, Write};

use flate2::{Compression, GzBuilder};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::archive::Entry;

/// A file of an OCI image layout, <https://github.com/opencontainers/image-spec/blob/main/image-layout.md>.
#[derive(Debug)]
pub struct Blob {
    /// `sha256:` and that in hexadecimal.
    pub digest: String,
    content: Vec<u8>,
}

impl Blob {
    /// Without whitespace.
    pub fn json(value: &Value) -> Self {
        Self::new(value.to_string().into())
    }

    /// Without a name or a time, so that the same content gives the same bytes.
    pub fn compressed(content: &[u8]) -> io::Result<Self> {
        let mut compressed = GzBuilder::new().write(Vec::new(), Compression::default());
        compressed.write_all(content)?;
        Ok(Self::new(compressed.finish()?))
    }

    fn new(content: Vec<u8>) -> Self {
        Self { digest: digest(&content), content }
    }

    /// How long it is.
    pub const fn bytes(&self) -> u64 {
        self.content.len() as u64
    }

    /// Its path in the layout.
    pub fn path(&self) -> String {
        format!("blobs/{}", self.digest.replace(':', "/"))
    }

    /// What others say of it.
    pub fn descriptor(&self, media_type: &str) -> Value {
        json!({ "mediaType": media_type, "digest": self.digest, "size": self.bytes() })
    }

    /// As a file of the layout.
    pub fn into_entry(self) -> Entry {
        Entry { path: self.path(), mode: 0o644, content: self.content }
    }
}

/// As registries write it.
pub fn digest(content: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(content)))
}
