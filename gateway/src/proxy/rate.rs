//! How fast a tenant's requests may come: a bucket of tokens per tenant, in this gateway alone.

use std::{collections::HashMap, num::NonZeroU32, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use governor::{
    DefaultDirectRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};
use plexica_contract::name::Slug;
use plexica_crds::tenant::RateLimits;

use crate::snapshot::Snapshot;

/// The tenants whose requests are counted. Others have no limit.
#[derive(Debug, Default)]
pub struct Rates {
    buckets: ArcSwap<HashMap<Slug, Arc<Bucket>>>,
    clock: DefaultClock,
}

#[derive(Debug)]
struct Bucket {
    limits: RateLimits,
    limiter: DefaultDirectRateLimiter,
}

impl Rates {
    /// Counts for the tenants of this snapshot; a bucket whose limits are the same stays as full as it is.
    pub fn follow(&self, snapshot: &Snapshot) {
        let present = self.buckets.load();
        let limited = snapshot.realms().filter_map(|realm| Some((realm.tenant.clone()?, realm.rate_limits?)));
        let next = limited.filter_map(|(tenant, limits)| {
            let kept = present.get(&tenant).filter(|bucket| bucket.limits == limits).cloned();
            let bucket = kept.or_else(|| {
                let limiter = RateLimiter::direct_with_clock(quota(limits)?, self.clock.clone());
                Some(Arc::new(Bucket { limits, limiter }))
            });
            Some((tenant, bucket?))
        });
        self.buckets.store(Arc::new(next.collect()));
    }

    /// Takes one request of the tenant.
    ///
    /// # Errors
    /// How long to wait for the next, if it is one too many.
    pub fn take(&self, tenant: &Slug) -> Result<(), Duration> {
        let buckets = self.buckets.load();
        let Some(bucket) = buckets.get(tenant) else { return Ok(()) };
        bucket.limiter.check().map_err(|until| until.wait_time_from(self.clock.now()))
    }
}

/// `None` for what the operator never writes.
fn quota(RateLimits { requests_per_second, burst }: RateLimits) -> Option<Quota> {
    let positive = |number: i32| NonZeroU32::new(u32::try_from(number).ok()?);
    let rate = positive(requests_per_second)?;
    Some(Quota::per_second(rate).allow_burst(burst.map_or(Some(rate), positive)?))
}

/// For `Retry-After`, in whole seconds.
pub fn retry_after(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_rounded_up() {
        for (wait, seconds) in [(1, 1), (999, 1), (1000, 1), (1001, 2), (2500, 3)] {
            assert_eq!(retry_after(Duration::from_millis(wait)), seconds, "{wait}");
        }
    }

    #[test]
    fn what_makes_no_bucket() {
        for (requests_per_second, burst, made) in
            [(1, None, true), (1, Some(5), true), (0, None, false), (-1, None, false), (1, Some(0), false)]
        {
            assert_eq!(
                quota(RateLimits { requests_per_second, burst }).is_some(),
                made,
                "{requests_per_second} {burst:?}"
            );
        }
        assert_eq!(quota(RateLimits { requests_per_second: 7, burst: None }).unwrap().burst_size().get(), 7);
    }
}
