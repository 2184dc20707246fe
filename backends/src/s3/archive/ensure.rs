//! A place that was named by who operates the platform.

use plexica_crds::tenant::AdoptionPolicy;

use crate::ownership::{Found, Mark, Verdict, judge};
use crate::postgres::intent::Intents;
use crate::s3::Store;
use crate::s3::bucket::{self, Desired};
use crate::{Changes, Result, System};

/// Makes and marks the bucket if it is not there. One without a mark is used as it is, since its name
/// was given by a person, who may have rules of their own for it; one with the mark of anything else
/// than the installation's archive is refused.
pub async fn ensure(store: &Store, intents: &Intents, bucket: &str, mark: &Mark) -> Result<Changes> {
    let found = bucket::look(store, bucket).await?;
    match judge(&found, mark, AdoptionPolicy::IfRetained) {
        Verdict::Keep => return Ok(forget(intents, bucket).await),
        Verdict::Refuse(refusal) if matches!(found, Found::Marked(_)) => {
            return Err(refusal.into_error(System::S3, &format!("bucket {bucket}")));
        }
        Verdict::Create | Verdict::Adopt | Verdict::Complete | Verdict::Refuse(_) => {}
    }
    // Only now is the book of intents needed, which may be down when everything else is there.
    let desired = Desired { bucket: bucket.into(), mark: mark.clone(), adoption: AdoptionPolicy::IfRetained };
    if matches!(found, Found::Unmarked { .. }) && !intents.find(bucket).await?.is_some_and(|intent| mark.is(&intent)) {
        return Ok(Changes::none());
    }
    let observed = bucket::observe(store, intents, &desired).await?;
    bucket::ensure(store, intents, &desired, &observed).await
}

/// Whoever marked the bucket may have died before its intent was forgotten. A book that is down is no reason to
/// go without a backup.
async fn forget(intents: &Intents, bucket: &str) -> Changes {
    if !intents.find(bucket).await.is_ok_and(|intent| intent.is_some()) || intents.forget(bucket).await.is_err() {
        return Changes::none();
    }
    Changes::from_iter([format!("forgot the intent to create bucket {bucket}")])
}
