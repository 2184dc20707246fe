//! How much of the store is the tenant's.

use super::{Desired, owns};
use crate::Result;
use crate::s3::{Store, archive::page};

/// Bytes of all objects in the bucket, as far as they are needed to know that they are more than
/// `enough`; none if the bucket is not its own. A store tells sizes only by listing, a thousand at a time.
pub async fn bytes(store: &Store, desired: &Desired, enough: u64) -> Result<u64> {
    if !owns(store, desired).await? {
        return Ok(0);
    }
    let (mut sum, mut from) = (0_u64, None);
    loop {
        let (objects, next) = page(store, &desired.bucket, "", from).await?;
        let sizes = objects.iter().map(|object| u64::try_from(object.size).unwrap_or_default());
        sum = sum.saturating_add(sizes.sum());
        if next.is_none() || sum > enough {
            return Ok(sum);
        }
        from = next;
    }
}
