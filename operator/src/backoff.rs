//! When to look at an object again.

use std::{collections::HashMap, hash::Hash, sync::Mutex, sync::PoisonError, time::Duration};

use plexica_backends::System;
use plexica_crds::Reason;

use crate::problem::{Problem, Remedy};

/// The longest pause before something that failed is tried again.
pub const LONGEST: Duration = Duration::from_mins(5);

/// First and longest pause by what helps, and by how much it grows: waiting is cheap and ends soon,
/// failing is neither. What is waited for is seen at most a fifth later than it came.
const fn bounds(matter: Matter) -> (Duration, Duration, f64) {
    match matter.remedy {
        // A watch wakes who waits for a tenant, and of a thousand new tenants the last waits for long: looking all the
        // time would hold up those that are made.
        Remedy::Wait if matches!(matter.reason, Some(Reason::TenantNotReady)) => {
            (Duration::from_secs(15), LONGEST, 2.0)
        }
        // What is used falls without anybody telling, and who made room waits for it.
        Remedy::Change if matches!(matter.reason, Some(Reason::QuotaExceeded)) => {
            (Duration::from_secs(15), Duration::from_mins(1), 2.0)
        }
        Remedy::Wait => (Duration::from_millis(50), Duration::from_secs(10), 1.2),
        Remedy::Retry => (Duration::from_millis(500), LONGEST, 2.0),
        Remedy::Change => (Duration::from_secs(15), LONGEST, 2.0),
    }
}

/// What is the matter with an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Matter {
    /// What helps.
    pub remedy: Remedy,
    /// Why; a refused write has no reason of its own.
    pub reason: Option<Reason>,
    /// Which system it is about.
    pub system: Option<System>,
}

impl From<&Problem> for Matter {
    fn from(problem: &Problem) -> Self {
        Self { remedy: problem.remedy(), reason: Some(problem.reason), system: problem.system }
    }
}

/// Counts, per object, how often in a row it was not as it should be.
#[derive(Debug)]
pub struct Backoff<K>(Mutex<HashMap<K, (Matter, u32)>>);

impl<K> Default for Backoff<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Hash + Eq> Backoff<K> {
    /// The pause after another time of this. `chance` is from 0 to 1: pauses of many objects
    /// that failed together spread over a quarter of their length.
    pub fn next(&self, key: K, matter: Matter, chance: f64) -> Duration {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(key).and_modify(|(last, count)| {
            // Waiting after a failure, or for the next thing, is a new situation; so is another system that fails, since the
            // one before has done its part.
            *count = if *last == matter { count.saturating_add(1) } else { 0 };
            *last = matter;
        });
        let (_, attempt) = *count.or_insert((matter, 0));
        pause(bounds(matter), attempt, chance)
    }

    /// What failed for want of a system, which is there again, need not wait any longer; whether it
    /// did fail for that.
    pub fn relieve(&self, key: &K) -> bool {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let matter = counts.get(key).map(|(matter, _)| (matter.remedy, matter.reason));
        match matter {
            Some((Remedy::Retry, None | Some(Reason::BackendUnavailable))) => {
                counts.remove(key);
                true
            }
            // It may be what brings the system down: the next pause is as long as it would have been.
            Some((Remedy::Retry, Some(Reason::BackupFailed))) => true,
            _ => false,
        }
    }

    /// It is as it should be, or gone.
    pub fn reset(&self, key: &K) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

fn pause((first, longest, growth): (Duration, Duration, f64), attempt: u32, chance: f64) -> Duration {
    // From here on every pause is the longest; the power stays finite.
    let attempt = i32::try_from(attempt.min(30)).unwrap_or(30);
    let full = first.mul_f64(growth.powi(attempt)).min(longest);
    full.mul_f64(0.25f64.mul_add(-chance.clamp(0.0, 1.0), 1.0))
}

/// A pause up to a fifth shorter or longer, by `chance` from 0 to 1: what was made together need not be looked at
/// together.
pub fn spread(pause: Duration, chance: f64) -> Duration {
    pause.mul_f64(0.4f64.mul_add(chance.clamp(0.0, 1.0), 0.8))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn pauses_grow_up_to_the_cap(attempt in 0_u32..100, chance in 0.0_f64..=1.0) {
            for remedy in [Remedy::Wait, Remedy::Retry, Remedy::Change] {
                let bounds = bounds(Matter { remedy, reason: None, system: None });
                let (first, longest, _) = bounds;
                let this = pause(bounds, attempt, chance);
                prop_assert!(this >= first.mul_f64(0.75) && this <= longest && longest <= LONGEST);
                prop_assert!(pause(bounds, attempt + 1, chance) >= this);
            }
        }
    }

    #[test]
    fn what_was_made_together_is_looked_at_over_two_fifths_of_a_resync() {
        let resync = Duration::from_mins(5);
        let pauses = [0.0, 0.5, 1.0].map(|chance| spread(resync, chance).as_secs_f64().round());
        assert!(pauses.is_sorted() && pauses.first() == Some(&240.0) && pauses.last() == Some(&360.0), "{pauses:?}");
    }

    #[test]
    fn who_made_room_does_not_wait_for_long_however_often_it_was_looked() {
        let backoff = Backoff::default();
        let matter = Matter { remedy: Remedy::Change, reason: Some(Reason::QuotaExceeded), system: None };
        let longest = (0..20).map(|_| backoff.next("a", matter, 0.0)).max();
        assert_eq!(longest, Some(Duration::from_mins(1)));
    }

    #[test]
    fn each_object_counts_for_itself_and_anew_after_a_change() {
        let backoff = Backoff::default();
        let (down, tenant, workload) = (Reason::BackendUnavailable, Reason::TenantNotReady, Reason::WorkloadNotReady);
        let pending = Reason::Pending;
        let of = |key, remedy, reason, system| backoff.next(key, Matter { remedy, reason, system }, 0.0).as_millis();
        let next = |key, remedy, reason| of(key, remedy, reason, None);
        assert_eq!(next("a", Remedy::Retry, Some(down)), 500);
        assert_eq!(next("a", Remedy::Retry, Some(down)), 1000);
        assert_eq!(next("b", Remedy::Retry, Some(down)), 500);
        assert_eq!(next("a", Remedy::Retry, None), 500);
        assert_eq!(next("a", Remedy::Wait, Some(pending)), 50);
        assert_eq!(next("a", Remedy::Wait, Some(pending)), 60);
        assert_eq!(next("a", Remedy::Wait, Some(tenant)), 15_000, "a watch tells of it");
        assert_eq!(next("a", Remedy::Wait, Some(workload)), 50);
        assert_eq!(next("a", Remedy::Wait, Some(workload)), 60);
        assert!(!backoff.relieve(&"a"), "it waits for a workload");
        assert!(backoff.relieve(&"b") && !backoff.relieve(&"b"));
        assert_eq!(next("b", Remedy::Retry, Some(down)), 500);
        let failed = |system| of("c", Remedy::Retry, Some(Reason::BackupFailed), Some(system));
        assert_eq!([System::S3, System::S3, System::S3].map(failed), [500, 1000, 2000]);
        assert_eq!(failed(System::Keycloak), 500, "another system fails than before");
        backoff.reset(&"a");
        assert_eq!(next("a", Remedy::Wait, Some(workload)), 50);
    }
}
