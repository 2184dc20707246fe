//! Brings the bucket to its desired state.

use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration, Tag, Tagging};

use super::plan::{Step, plan};
use super::{Desired, Observed, observe};
use crate::ownership::{Found, Stamp};
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
    let mut steps = plan(desired, &observed, store.config.encrypted())?;
    if steps.contains(&Step::Create) {
        intents.record(bucket, &desired.mark).await?;
        if create(store, bucket).await? {
            changes.note(Step::Create.told(bucket));
            steps.retain(|step| *step != Step::Create);
        } else {
            // Somebody was faster: another of us, whose intent is the same, or a stranger.
            observed = observe(store, intents, desired).await?;
            if matches!(observed.found, Found::Marked(_)) {
                intents.forget(bucket).await?;
                observed.announced = Some(false);
            }
            steps = plan(desired, &observed, store.config.encrypted())?;
        }
    }
    for step in steps {
        match &step {
            Step::Create => {
                return Err(Error::unavailable(System::S3, format!("bucket {bucket} came and went at once")));
            }
            Step::Mark => {
                write_tags(store, bucket, &observed.tags, &desired.mark.stamp()).await?;
                intents.forget(bucket).await?;
            }
            Step::Forget => intents.forget(bucket).await?,
            Step::TakeBack => write_tags(store, bucket, &observed.tags, &desired.mark.stamp()).await?,
            Step::Policy(wanted) => {
                let put = store.client.put_bucket_policy().bucket(bucket).policy(wanted.to_string()).send().await;
                put.map_err(failure(&format!("set the policy of bucket {bucket}")))?;
            }
        }
        changes.note(step.told(bucket));
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
