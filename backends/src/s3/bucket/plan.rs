//! What has to be written. Pure.

use serde_json::Value;

use super::{Desired, Observed, policy};
use crate::ownership::{Verdict, judge};
use crate::s3::Store;
use crate::{Changes, Result, System};

/// One write.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    /// There is no bucket.
    Create,
    /// It is ours and not marked yet.
    Mark,
    /// It was ours under another uid, or retained.
    TakeBack,
    /// Whoever marked it died before its intent was forgotten; noted any longer, it would make an empty
    /// bucket of somebody else's, made at the name one day, look like ours.
    Forget,
    /// This policy, with the statements of others.
    Policy(Value),
}

impl Step {
    /// In words.
    pub fn told(&self, bucket: &str) -> String {
        match self {
            Self::Create => format!("created bucket {bucket}"),
            Self::Mark => format!("marked bucket {bucket}"),
            Self::TakeBack => format!("took back bucket {bucket}"),
            Self::Forget => format!("forgot the intent to create bucket {bucket}"),
            Self::Policy(_) => format!("set the policy of bucket {bucket}"),
        }
    }
}

/// What [`ensure`](super::ensure()) would write.
pub fn differences(store: &Store, desired: &Desired, observed: &Observed) -> Result<Changes> {
    let steps = plan(desired, observed, store.config.encrypted())?;
    Ok(steps.iter().map(|step| step.told(&desired.bucket)).collect())
}

/// Changes whenever what should be there does; `encrypted` says whether requests to the store are.
pub fn digest(desired: &Desired, encrypted: bool) -> String {
    let Desired { bucket, mark, adoption: _ } = desired;
    crate::digest(&(bucket, mark, policy::missing(None, bucket).filter(|_| encrypted)))
}

/// The writes, in order; `encrypted` says whether requests to the store are.
pub(super) fn plan(desired: &Desired, observed: &Observed, encrypted: bool) -> Result<Vec<Step>> {
    let bucket = &desired.bucket;
    let mut steps = match judge(&observed.found, &desired.mark, desired.adoption) {
        Verdict::Create => vec![Step::Create, Step::Mark],
        Verdict::Keep if observed.announced == Some(true) => vec![Step::Forget],
        Verdict::Keep => Vec::new(),
        Verdict::Complete => vec![Step::Mark],
        Verdict::Adopt => vec![Step::TakeBack],
        Verdict::Refuse(refusal) => return Err(refusal.into_error(System::S3, &format!("bucket {bucket}"))),
    };
    steps.extend(policy::missing(observed.policy.as_ref(), bucket).filter(|_| encrypted).map(Step::Policy));
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;
    use crate::ownership::{Found, Mark};
    use jiff::Timestamp;
    use plexica_crds::tenant::AdoptionPolicy;

    #[test]
    fn every_state_in_words() {
        let mark = |uid: &str| Mark {
            installation: "plexica".into(),
            kind: "Tenant".into(),
            name: "acme".into(),
            uid: uid.into(),
        };
        let bucket = "tenant-acme";
        let desired = Desired { bucket: bucket.into(), mark: mark("1"), adoption: AdoptionPolicy::IfRetained };
        let right = policy::missing(None, bucket);
        let marked = Found::Marked(mark("1").stamp());
        let announced = Found::Unmarked { intent: Some(mark("1")), empty: true };
        let retained = Found::Marked(mark("1").retained(Timestamp::UNIX_EPOCH));
        let policy = "set the policy of bucket tenant-acme";
        for (found, policy, encrypted, told) in [
            (Found::Absent, None, false, vec!["created bucket tenant-acme", "marked bucket tenant-acme"]),
            (Found::Absent, None, true, vec!["created bucket tenant-acme", "marked bucket tenant-acme", policy]),
            (marked.clone(), None, false, vec![]),
            (marked.clone(), None, true, vec![policy]),
            (marked, right.clone(), true, vec![]),
            (announced, right.clone(), true, vec!["marked bucket tenant-acme"]),
            (retained, right, true, vec!["took back bucket tenant-acme"]),
        ] {
            let observed = Observed { found, policy, ..Observed::absent() };
            let steps = plan(&desired, &observed, encrypted).unwrap();
            assert_eq!(steps.iter().map(|step| step.told(bucket)).collect::<Vec<_>>(), told, "{observed:?}");
        }
        let noted = Observed { found: Found::Marked(mark("1").stamp()), announced: Some(true), ..Observed::absent() };
        assert_eq!(plan(&desired, &noted, false).unwrap(), [Step::Forget]);
        let foreign = Observed { found: Found::unmarked(), ..Observed::absent() };
        assert_eq!(plan(&desired, &foreign, true).unwrap_err().kind, Kind::Conflict);
    }
}
