//! Since when plugins have been asked to remove a tenant's data.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;

/// Not since the install was deleted: a confirmation or a final backup may have been waited for since. The next
/// operator asks anew, and gives a plugin its time once more.
#[derive(Debug, Default)]
pub struct Purges(Mutex<HashMap<String, Timestamp>>);

impl Purges {
    /// Since when the plugin has been asked for that install; from now on if it has not been.
    pub fn since(&self, uid: &str, now: Timestamp) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(uid.to_owned()).or_insert(now)
    }

    /// The install is gone.
    pub fn forget(&self, uid: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(uid);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_time_counts() {
        let (purges, at) = (Purges::default(), |second| Timestamp::from_second(second).unwrap());
        assert_eq!((purges.since("a", at(1)), purges.since("b", at(2))), (at(1), at(2)));
        assert_eq!(purges.since("a", at(3)), at(1));
        purges.forget("a");
        assert_eq!((purges.since("a", at(4)), purges.since("b", at(5))), (at(4), at(2)));
    }
}
