//! Slows down guessing of passwords.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Guesses that cost nothing.
const FREE: u32 = 5;
/// The longest pause.
const LONGEST: Duration = Duration::from_mins(1);
/// Names that are kept; old ones make room.
const ROOM: usize = 10_000;

/// Failed sign-ins by realm and user name.
#[derive(Default)]
pub struct Throttle(Mutex<HashMap<(String, String), Failures>>);

struct Failures {
    count: u32,
    until: Instant,
}

impl Throttle {
    /// Whether the name has to wait.
    pub fn waits(&self, realm: &str, name: &str, now: Instant) -> bool {
        let failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failures.get(&(realm.to_owned(), name.to_owned())).is_some_and(|failed| failed.until > now)
    }

    /// Notes a failure: from the sixth on, each pause is twice the last.
    pub fn failed(&self, realm: &str, name: &str, now: Instant) {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= ROOM {
            failures.retain(|_, failed| failed.until + LONGEST > now);
        }
        if failures.len() >= ROOM {
            failures.clear();
        }
        let failed = failures.entry((realm.to_owned(), name.to_owned())).or_insert(Failures { count: 0, until: now });
        failed.count = failed.count.saturating_add(1);
        if let Some(over) = failed.count.checked_sub(FREE + 1) {
            failed.until = now + LONGEST.min(Duration::from_secs(1 << over.min(6)));
        }
    }

    /// Forgets the failures of a name.
    pub fn succeeded(&self, realm: &str, name: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&(realm.to_owned(), name.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        for _ in 0..FREE {
            throttle.failed("r", "ada", now);
            assert!(!throttle.waits("r", "ada", now));
        }
        for pause in [1, 2, 4, 8, 16, 32, 60, 60] {
            throttle.failed("r", "ada", now);
            assert!(throttle.waits("r", "ada", now + Duration::from_millis(pause * 1000 - 1)));
            assert!(!throttle.waits("r", "ada", now + Duration::from_secs(pause)));
        }
        assert!(!throttle.waits("r", "bob", now) && !throttle.waits("s", "ada", now));
        throttle.succeeded("r", "ada");
        assert!(!throttle.waits("r", "ada", now));
    }

    #[test]
    fn many_names_do_not_take_all_memory() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        for name in 0..ROOM * 2 + 10 {
            throttle.failed("r", &name.to_string(), now);
        }
        assert!(throttle.0.lock().unwrap().len() <= ROOM);
    }
}
