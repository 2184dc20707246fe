//! Keeps or removes the bucket.

use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use jiff::Timestamp;
use plexica_crds::tenant::DeletionPolicy;

use super::ensure::write_tags;
use super::{Desired, observe};
use crate::ownership::{Parting, judge_retired};
use crate::postgres::intent::Intents;
use crate::s3::Store;
use crate::s3::failure::{answered, failure};
use crate::{Error, Kind, Result, Retired, System};

/// Marks the bucket as retained, or empties and removes it.
pub async fn retire(store: &Store, intents: &Intents, desired: &Desired, policy: DeletionPolicy) -> Result<Retired> {
    let bucket = &desired.bucket;
    let observed = observe(store, intents, desired).await?;
    match (judge_retired(&observed.found, &desired.mark), policy) {
        (Parting::Gone, _) => {
            // An intent that never came to anything.
            if intents.find(bucket).await?.is_some_and(|intent| desired.mark.is(&intent)) {
                intents.forget(bucket).await?;
            }
            Ok(Retired::Gone)
        }
        (Parting::Leave, _) => Ok(Retired::Foreign),
        (Parting::Retained, DeletionPolicy::Retain) => Ok(Retired::Kept),
        (Parting::Part, DeletionPolicy::Retain) => {
            write_tags(store, bucket, &observed.tags, &desired.mark.retained(Timestamp::now())).await?;
            intents.forget(bucket).await?;
            Ok(Retired::Kept)
        }
        (Parting::Part | Parting::Retained, DeletionPolicy::Delete) => {
            remove(store, bucket).await?;
            intents.forget(bucket).await?;
            Ok(Retired::Removed)
        }
    }
}

pub(in crate::s3) async fn remove(store: &Store, bucket: &str) -> Result<()> {
    let doing = format!("empty bucket {bucket}");
    loop {
        let listed = store.client.list_objects_v2().bucket(bucket).send().await.map_err(failure(&doing))?;
        let objects = listed.contents().iter().filter_map(|object| identifier(object.key(), None)).collect();
        if !delete(store, bucket, objects).await? {
            break;
        }
    }
    match store.client.delete_bucket().bucket(bucket).send().await {
        Ok(_) => return Ok(()),
        Err(error) if answered(&error, &["NoSuchBucket"]) => return Ok(()),
        // Old versions and unfinished uploads are not in the listing.
        Err(error) if answered(&error, &["BucketNotEmpty"]) => {}
        Err(error) => return Err(failure(&format!("remove bucket {bucket}"))(error)),
    }
    remove_versions(store, bucket).await?;
    abort_uploads(store, bucket).await?;
    let removed = store.client.delete_bucket().bucket(bucket).send().await;
    removed.map_err(failure(&format!("remove bucket {bucket}"))).map(drop)
}

async fn remove_versions(store: &Store, bucket: &str) -> Result<()> {
    let doing = format!("empty bucket {bucket} of old versions");
    loop {
        let listed = store.client.list_object_versions().bucket(bucket).send().await.map_err(failure(&doing))?;
        let versions = listed.versions().iter().filter_map(|object| identifier(object.key(), object.version_id()));
        let markers = listed.delete_markers().iter().filter_map(|mark| identifier(mark.key(), mark.version_id()));
        if !delete(store, bucket, versions.chain(markers).collect()).await? {
            return Ok(());
        }
    }
}

async fn abort_uploads(store: &Store, bucket: &str) -> Result<()> {
    let doing = format!("abort uploads to bucket {bucket}");
    let listed = store.client.list_multipart_uploads().bucket(bucket).send().await.map_err(failure(&doing))?;
    for upload in listed.uploads() {
        let abort = store.client.abort_multipart_upload().bucket(bucket);
        let abort = abort.set_key(upload.key.clone()).set_upload_id(upload.upload_id.clone());
        abort.send().await.map_err(failure(&doing))?;
    }
    Ok(())
}

fn identifier(key: Option<&str>, version: Option<&str>) -> Option<ObjectIdentifier> {
    ObjectIdentifier::builder().key(key?).set_version_id(version.map(str::to_owned)).build().ok()
}

/// Whether there was anything to delete.
async fn delete(store: &Store, bucket: &str, objects: Vec<ObjectIdentifier>) -> Result<bool> {
    if objects.is_empty() {
        return Ok(false);
    }
    let doing = format!("empty bucket {bucket}");
    let invalid = |message: &str| {
        Error::new(
            System::S3,
            Kind::Denied,
            format!("could not {doing}: {message}"),
            "Remove what protects its objects (object lock, legal hold) or give s3:DeleteObject.",
        )
    };
    let delete = Delete::builder().set_objects(Some(objects)).quiet(true).build();
    let delete = delete.map_err(|error| invalid("the request could not be made").because(error))?;
    let output = store.client.delete_objects().bucket(bucket).delete(delete).send().await.map_err(failure(&doing))?;
    match output.errors().first() {
        None => Ok(true),
        Some(refused) => Err(invalid(refused.code().unwrap_or("an object could not be deleted"))),
    }
}
