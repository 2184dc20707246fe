//! Keys that open one bucket.

mod file;
mod sts;

use jiff::{Timestamp, ToSpan};

pub(super) use file::check as check_file;
pub(super) use sts::policy as bucket_policy;

use super::{Mode, Store};
use crate::{Result, Secret};

/// A key pair for one bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// Access key id.
    pub access_key_id: String,
    /// Secret access key.
    pub secret_access_key: Secret,
    /// Session token, with keys by STS.
    pub session_token: Option<Secret>,
    /// When they end; `None` if they do not.
    pub expires_at: Option<Timestamp>,
}

/// New keys for the bucket.
pub async fn issue(store: &Store, bucket: &str) -> Result<Credentials> {
    match &store.config.credentials {
        Mode::Sts(config) => sts::issue(store, config, bucket).await,
        Mode::Static(file) => file::read(file, bucket),
    }
}

/// Whether keys that end at `expires_at` should be renewed now: when a third of their life is left,
/// so that a store that is down for a while takes nobody's keys away.
pub fn is_due(store: &Store, expires_at: Option<Timestamp>, now: Timestamp) -> bool {
    let Mode::Sts(sts) = &store.config.credentials else { return false };
    let third = i64::try_from(sts.duration.as_secs() / 3).unwrap_or(i64::MAX);
    expires_at.is_none_or(|end| end.checked_sub(third.seconds()).is_ok_and(|due| due <= now))
}
