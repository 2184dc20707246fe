//! Tags and policies of buckets, a JSON file each.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

/// What a bucket has besides objects.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Setting {
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
}

#[derive(Debug)]
pub(super) struct Settings {
    folder: PathBuf,
    /// One writer at a time.
    writing: Mutex<()>,
}

impl Settings {
    pub fn open(folder: PathBuf) -> io::Result<Self> {
        std::fs::create_dir_all(&folder)?;
        Ok(Self { folder, writing: Mutex::default() })
    }

    /// Empty where nothing was set.
    pub async fn read(&self, bucket: &str) -> io::Result<Setting> {
        match tokio::fs::read(self.file(bucket)).await {
            Ok(text) => Ok(serde_json::from_slice(&text)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Setting::default()),
            Err(error) => Err(error),
        }
    }

    pub async fn change(&self, bucket: &str, change: impl FnOnce(&mut Setting)) -> io::Result<()> {
        let _writing = self.writing.lock().await;
        let mut setting = self.read(bucket).await?;
        change(&mut setting);
        let unfinished = self.folder.join(format!("{bucket}.unfinished"));
        tokio::fs::write(&unfinished, serde_json::to_vec_pretty(&setting)?).await?;
        tokio::fs::rename(unfinished, self.file(bucket)).await
    }

    pub async fn remove(&self, bucket: &str) -> io::Result<()> {
        let _writing = self.writing.lock().await;
        match tokio::fs::remove_file(self.file(bucket)).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Bucket names are checked before they come here; none has a slash or two dots.
    fn file(&self, bucket: &str) -> PathBuf {
        self.folder.join(Path::new(bucket)).with_added_extension("json")
    }
}
