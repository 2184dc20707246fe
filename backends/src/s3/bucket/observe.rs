//! What is there.

use aws_sdk_s3::operation::head_bucket::HeadBucketError;

use super::{Desired, Observed};
use crate::Result;
use crate::ownership::{Found, Parting, Stamp, judge_retired};
use crate::postgres::intent::Intents;
use crate::s3::Store;
use crate::s3::failure::{answered, failure};

/// Reads the bucket's tags and, where one is wanted, its policy. The record of intents decides about an empty bucket
/// without a mark alone: whose any other is, is known while that cannot be read.
pub async fn observe(store: &Store, intents: &Intents, desired: &Desired) -> Result<Observed> {
    let bucket = &desired.bucket;
    // Before the tags: who completes a bucket at this moment writes the tags first and forgets the
    // intent then, so one of the two is always seen.
    let intent = intents.find(bucket).await;
    let announced = intent.as_ref().ok().map(Option::is_some);
    let tags = match tags(store, bucket).await? {
        Tags::NoBucket => return Ok(Observed::absent()),
        // There it is, and there is no mark of ours to be seen.
        Tags::Closed => return Ok(Observed { found: Found::unmarked(), ..Observed::absent() }),
        Tags::Read(tags) => tags,
    };
    let found = match stamp(&tags) {
        Some(stamp) => Found::Marked(stamp),
        None => match intent {
            Ok(None) => Found::unmarked(),
            Ok(intent) => Found::Unmarked { empty: is_empty(store, bucket).await?, intent },
            Err(error) if is_empty(store, bucket).await? => return Err(error),
            // Whoever announced it, it is not theirs to complete any more.
            Err(_) => Found::unmarked(),
        },
    };
    let policy = if store.config.encrypted() { policy(store, bucket).await? } else { None };
    Ok(Observed { found, tags, policy, announced })
}

/// Whose the bucket is, as far as its tags say.
pub(in crate::s3) async fn look(store: &Store, bucket: &str) -> Result<Found> {
    Ok(match tags(store, bucket).await? {
        Tags::NoBucket => Found::Absent,
        Tags::Closed => Found::unmarked(),
        Tags::Read(tags) => stamp(&tags).map_or_else(Found::unmarked, Found::Marked),
    })
}

fn stamp(tags: &[(String, String)]) -> Option<Stamp> {
    Stamp::from_pairs(|key| tags.iter().find(|(tag, _)| tag == key).map(|(_, value)| value.as_str()))
}

/// Whether the bucket is the owner's, in use or retained.
pub async fn owns(store: &Store, desired: &Desired) -> Result<bool> {
    let parting = judge_retired(&look(store, &desired.bucket).await?, &desired.mark);
    Ok(matches!(parting, Parting::Part | Parting::Retained))
}

/// What the tags' place says.
enum Tags {
    /// There is no bucket.
    NoBucket,
    /// The bucket's owner, who is somebody else, does not let us look.
    Closed,
    /// The bucket's tags.
    Read(Vec<(String, String)>),
}

async fn tags(store: &Store, bucket: &str) -> Result<Tags> {
    match store.client.get_bucket_tagging().bucket(bucket).send().await {
        Ok(output) => Ok(Tags::Read(output.tag_set.into_iter().map(|tag| (tag.key, tag.value)).collect())),
        Err(error) if answered(&error, &["NoSuchBucket"]) => Ok(Tags::NoBucket),
        // MinIO answers this for a bucket that is not there, too.
        Err(error) if answered(&error, &["NoSuchTagSet", "NoSuchTagSetError"]) => {
            match store.client.head_bucket().bucket(bucket).send().await {
                Ok(_) => Ok(Tags::Read(Vec::new())),
                Err(error) if error.as_service_error().is_some_and(HeadBucketError::is_not_found) => Ok(Tags::NoBucket),
                Err(error) => Err(failure(&format!("look for bucket {bucket}"))(error)),
            }
        }
        Err(error) if answered(&error, &["AccessDenied"]) && may_read_others(store, bucket).await => Ok(Tags::Closed),
        Err(error) => Err(failure(&format!("read the tags of bucket {bucket}"))(error)),
    }
}

/// Whether the operator has the right to read tags all the same: of a bucket with such a name that is
/// not there it is told so only with that right. Then it is this bucket that refuses, and on AWS
/// names are everybody's.
async fn may_read_others(store: &Store, bucket: &str) -> bool {
    let random = uuid::Uuid::new_v4().simple().to_string();
    let other = format!("{bucket}-{}", &random[..8]);
    let answer = store.client.get_bucket_tagging().bucket(other).send().await;
    answer.is_err_and(|error| answered(&error, &["NoSuchBucket", "NoSuchTagSet", "NoSuchTagSetError"]))
}

async fn is_empty(store: &Store, bucket: &str) -> Result<bool> {
    let listed = store.client.list_objects_v2().bucket(bucket).max_keys(1).send().await;
    Ok(listed.map_err(failure(&format!("look into bucket {bucket}")))?.contents().is_empty())
}

async fn policy(store: &Store, bucket: &str) -> Result<Option<serde_json::Value>> {
    match store.client.get_bucket_policy().bucket(bucket).send().await {
        Ok(output) => Ok(output.policy.and_then(|text| serde_json::from_str(&text).ok())),
        Err(error) if answered(&error, &["NoSuchBucketPolicy", "NoSuchBucket"]) => Ok(None),
        Err(error) => Err(failure(&format!("read the policy of bucket {bucket}"))(error)),
    }
}
