//! How plugins were when they were asked, and what follows from it, as a cluster's probes have it.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::workloads::health::Unwell;

/// How often each is asked.
pub(super) const PERIOD: Duration = Duration::from_secs(5);
/// Who was not well for a minute is started again.
const FAILURES: u32 = 12;
/// Who is not well by then will not be: as long as a cluster's startup probe waits.
const STARTUP: Duration = Duration::from_mins(1);

/// What follows from how one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is as it was.
    Same,
    /// It became well, or ceased to be.
    Changed,
    /// It has been unwell for too long.
    Restart,
}

/// How each was so far, by id.
#[derive(Debug, Default)]
pub(super) struct Pulses(Mutex<HashMap<String, Pulse>>);

#[derive(Clone, Copy, Debug)]
struct Pulse {
    /// Since when it is known.
    since: Instant,
    /// Whether it was well at any time.
    ever: bool,
    well: bool,
    failures: u32,
}

impl Default for Pulse {
    fn default() -> Self {
        Self { since: Instant::now(), ever: false, well: false, failures: 0 }
    }
}

impl Pulses {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Pulse>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets those that are not among them.
    pub fn keep(&self, ids: &[&str]) {
        self.lock().retain(|id, _| ids.contains(&id.as_str()));
    }

    /// Takes note of one that was looked at out of turn.
    pub fn note(&self, id: &str, well: bool) {
        self.lock().entry(id.to_owned()).or_default().ever |= well;
    }

    /// Whether it was well at any time, as far as is known.
    pub fn was_well(&self, id: &str) -> bool {
        self.lock().get(id).is_some_and(|pulse| pulse.ever)
    }

    /// Whether it has had the time to become well, and never was.
    pub fn is_late(&self, id: &str, now: Instant) -> bool {
        self.lock().get(id).is_some_and(|pulse| !pulse.ever && now.duration_since(pulse.since) > STARTUP)
    }

    /// Takes note of what one was found to be in its turn.
    pub fn take(&self, id: &str, found: &Result<(), Unwell>) -> Verdict {
        let mut pulses = self.lock();
        let pulse = pulses.entry(id.to_owned()).or_default();
        let well = found.is_ok();
        pulse.ever |= well;
        let changed = std::mem::replace(&mut pulse.well, well) != well;
        // One that was never reached may be well for all who can reach it.
        let counts = pulse.ever || matches!(found, Err(Unwell::Answers(_)));
        pulse.failures = if well || !counts { 0 } else { pulse.failures + 1 };
        if pulse.failures >= FAILURES {
            pulse.failures = 0;
            return Verdict::Restart;
        }
        if changed { Verdict::Changed } else { Verdict::Same }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn silent() -> Result<(), Unwell> {
        Err(Unwell::Silent("no answer".into()))
    }

    fn sick() -> Result<(), Unwell> {
        Err(Unwell::Answers("HTTP 503".into()))
    }

    #[test]
    fn only_a_minute_of_failures_is_too_long() {
        let pulses = Pulses::default();
        assert_eq!(pulses.take("a", &Ok(())), Verdict::Changed, "seen for the first time");
        assert_eq!(pulses.take("a", &Ok(())), Verdict::Same);
        assert_eq!(pulses.take("a", &silent()), Verdict::Changed);
        for _ in 2..FAILURES {
            assert_eq!(pulses.take("a", &silent()), Verdict::Same);
        }
        assert_eq!(pulses.take("a", &Ok(())), Verdict::Changed, "just in time");
        assert_eq!(pulses.take("a", &silent()), Verdict::Changed);
        for _ in 2..FAILURES {
            assert_eq!(pulses.take("a", &sick()), Verdict::Same);
        }
        assert_eq!(pulses.take("a", &sick()), Verdict::Restart);
        assert_eq!(pulses.take("a", &sick()), Verdict::Same, "it has a minute again");
        assert_eq!(PERIOD * FAILURES, Duration::from_mins(1));
    }

    #[test]
    fn who_was_never_reached_is_left_alone_and_who_is_sick_is_not() {
        let pulses = Pulses::default();
        let restarts = |id: &str, found: &Result<(), Unwell>| {
            (0..2 * FAILURES).filter(|_| pulses.take(id, found) == Verdict::Restart).count()
        };
        assert_eq!((restarts("a", &silent()), restarts("b", &sick())), (0, 2));
        pulses.note("a", true);
        assert_eq!(restarts("a", &silent()), 2);
    }

    #[test]
    fn late_is_who_was_never_well() {
        let pulses = Pulses::default();
        pulses.note("a", false);
        pulses.note("b", true);
        let later = Instant::now() + 2 * STARTUP;
        assert_eq!(["a", "b", "c"].map(|id| pulses.is_late(id, later)), [true, false, false]);
        assert!(!pulses.is_late("a", Instant::now()));
        assert_eq!(["a", "b", "c"].map(|id| pulses.was_well(id)), [false, true, false]);
        pulses.keep(&["b"]);
        assert!(!pulses.is_late("a", later), "another of that id");
    }
}
