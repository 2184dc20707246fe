//! What is of no use any more.

use super::page;
use crate::Result;
use crate::s3::Store;
use crate::s3::failure::{answered, failure};

/// Removes the objects whose keys begin so, and aborts unfinished uploads to such keys, but for those that are
/// to be kept. A store that lists unfinished uploads by whole keys alone (`MinIO`) keeps them for as long as it is
/// told to, which is a day by default.
pub async fn clear(store: &Store, bucket: &str, prefix: &str, keep: impl Fn(&str) -> bool) -> Result<()> {
    let doing = format!("remove what is left below {prefix} in bucket {bucket}");
    let mut from = None;
    loop {
        let (objects, next) = page(store, bucket, prefix, from).await?;
        for object in objects.iter().filter(|object| !keep(&object.key)) {
            let delete = store.client.delete_object().bucket(bucket).key(&object.key).send().await;
            delete.map_err(failure(&doing))?;
        }
        from = next;
        if from.is_none() {
            break;
        }
    }
    let unfinished = match store.client.list_multipart_uploads().bucket(bucket).prefix(prefix).send().await {
        // The embedded store cannot tell what is left in its folder.
        Err(error) if answered(&error, &["NotImplemented", "NoSuchBucket"]) => Vec::new(),
        listed => listed.map_err(failure(&doing))?.uploads.unwrap_or_default(),
    };
    for upload in unfinished.into_iter().filter(|upload| !upload.key().is_some_and(&keep)) {
        let abort = store.client.abort_multipart_upload().bucket(bucket);
        let aborted = abort.set_key(upload.key).set_upload_id(upload.upload_id).send().await;
        // Who was writing it may have finished it meanwhile.
        match aborted {
            Err(error) if answered(&error, &["NoSuchUpload"]) => {}
            aborted => drop(aborted.map_err(failure(&doing))?),
        }
    }
    Ok(())
}
