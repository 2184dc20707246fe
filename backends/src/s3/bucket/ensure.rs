//! Brings the bucket to its desired state.

use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration, Tag, Tagging};

use super::{Desired, Observed, observe, policy};
use crate::ownership::{Found, Stamp, Verdict, judge};
use crate::postgres::intent::Intents;
use crate::s3::Store;
use crate::s3::failure::{answered, failure};
use crate::{Changes, Error, Kind, Result, System};

/// The region that must not be named when a bucket is created.
const UNNAMED_REGION: &str = "us-east-1";

/// Writes what differs; nothing if nothing does.
pub async fn ensure(store: &Store, intents: &Intents, desired: &Desired, observed: &Observed) -> Result<Changes> {
    let bucket = &desired.bucket;
    let mut changes = Changes::none();
    let mut observed = observed.clone();
    let mut verdict = judge(&observed.found, &desired.mark, desired.adoption);
    if verdict == Verdict::Create {
        intents.record(bucket, &desired.mark).await?;
        if create(store, bucket).await? {
            changes.note(format!("created bucket {bucket}"));
            verdict = Verdict::Complete;
        } else {
            // Somebody was faster: another of us, whose intent is the same, or a stranger.
            observed = observe(store, intents, desired).await?;
            verdict = judge(&observed.found, &desired.mark, desired.adoption);
            if matches!(observed.found, Found::Marked(_)) {
                intents.forget(bucket).await?;
                observed.announced = false;
            }
        }
    }
    match verdict {
        // Whoever marked it died before the intent was forgotten; noted any longer, it would make an
        // empty bucket of somebody else's, made at the name one day, look like ours.
        Verdict::Keep if observed.announced => {
            intents.forget(bucket).await?;
            changes.note(format!("forgot the intent to create bucket {bucket}"));
        }
        Verdict::Keep => {}
        Verdict::Complete => {
            write_tags(store, bucket, &observed.tags, &desired.mark.stamp()).await?;
            intents.forget(bucket).await?;
            changes.note(format!("marked bucket {bucket}"));
        }
        Verdict::Adopt => {
            write_tags(store, bucket, &observed.tags, &desired.mark.stamp()).await?;
            changes.note(format!("took back bucket {bucket}"));
        }
        Verdict::Create => {
            return Err(Error::unavailable(System::S3, format!("bucket {bucket} came and went at once")));
        }
        Verdict::Refuse(refusal) => return Err(refusal.into_error(System::S3, &format!("bucket {bucket}"))),
    }
    if let Some(wanted) = policy::missing(observed.policy.as_ref(), bucket).filter(|_| store.config.encrypted()) {
        let put = store.client.put_bucket_policy().bucket(bucket).policy(wanted.to_string()).send().await;
        put.map_err(failure(&format!("set the policy of bucket {bucket}")))?;
        changes.note(format!("set the policy of bucket {bucket}"));
    }
    Ok(changes)
}

/// Whether it was created; false if it is there already.
pub(super) async fn create(store: &Store, bucket: &str) -> Result<bool> {
    let region = &store.config.region;
    let place = (region != UNNAMED_REGION).then(|| {
        let constraint = BucketLocationConstraint::from(region.as_str());
        CreateBucketConfiguration::builder().location_constraint(constraint).build()
    });
    match store.client.create_bucket().bucket(bucket).set_create_bucket_configuration(place).send().await {
        Ok(_) => Ok(true),
        Err(error) if answered(&error, &["BucketAlreadyOwnedByYou"]) => Ok(false),
        // On AWS, names are global; elsewhere this is how a store says that it is ours.
        Err(error) if answered(&error, &["BucketAlreadyExists"]) && store.config.endpoint.is_some() => Ok(false),
        Err(error) => Err(failure(&format!("create bucket {bucket}"))(error)),
    }
}

/// Replaces the mark among the tags; tags of others stay.
pub(super) async fn write_tags(store: &Store, bucket: &str, current: &[(String, String)], stamp: &Stamp) -> Result<()> {
    let invalid = |error| {
        let message = format!("the mark of bucket {bucket} cannot be written as tags");
        Error::new(System::S3, Kind::Invalid, message, "Choose an installation id without unusual characters.")
            .because(error)
    };
    let ours = stamp.to_pairs();
    let others = current.iter().filter(|(key, _)| !key.starts_with(PREFIX));
    let tags = others
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .chain(ours.iter().map(|(key, value)| (*key, value.as_str())))
        .map(|(key, value)| Tag::builder().key(key).value(value).build().map_err(invalid))
        .collect::<Result<Vec<_>>>()?;
    let tagging = Tagging::builder().set_tag_set(Some(tags)).build().map_err(invalid)?;
    let put = store.client.put_bucket_tagging().bucket(bucket).tagging(tagging).send().await;
    put.map_err(failure(&format!("mark bucket {bucket}"))).map(drop)
}

/// What all keys of a mark start with.
const PREFIX: &str = "plexica.io/";
