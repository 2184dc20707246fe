//! Decides what becomes of each call, and remembers what was called.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::watch;

use super::fault::{Fate, Fault, System};

/// One call of the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Whom it calls.
    pub system: System,
    /// What it asks for: method and path, or the statement.
    pub what: String,
    /// Whether it may change something.
    pub writes: bool,
}

/// What is to happen, counted from the moment it is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Nothing.
    Clean,
    /// The operator is killed at a write, the first being 0.
    Kill {
        /// Which write.
        at: usize,
        /// Whether the write is done.
        after: bool,
    },
    /// A call to a system fails, and those to it that follow in this time.
    Fail {
        /// Whose.
        system: System,
        /// Which call, the first being 0.
        at: usize,
        /// How.
        fault: Fault,
        /// For how long.
        lasting: Duration,
    },
    /// Every call to the system is cut.
    Outage(System),
}

#[derive(Debug)]
struct State {
    plan: Plan,
    seen: usize,
    until: Option<Instant>,
    struck: Option<Call>,
}

/// Shared by all proxies of a world.
#[derive(Clone, Debug)]
pub struct Script {
    state: Arc<Mutex<State>>,
    killing: Arc<watch::Sender<bool>>,
}

impl Default for Script {
    fn default() -> Self {
        let state = State { plan: Plan::Clean, seen: 0, until: None, struck: None };
        Self { state: Arc::new(Mutex::new(state)), killing: Arc::default() }
    }
}

impl Script {
    /// Sets what is to happen from now on, and forgets what did.
    pub fn set(&self, plan: Plan) {
        let state = State { plan, seen: 0, until: None, struck: None };
        *self.lock() = state;
        self.killing.send_replace(false);
    }

    /// The first call that did not simply go through.
    pub fn struck(&self) -> Option<Call> {
        self.lock().struck.clone()
    }

    /// Comes back when the operator is to be killed.
    pub async fn killing(&self) {
        let mut killing = self.killing.subscribe();
        // An error means that the script is gone, and the world with it.
        let _gone = killing.wait_for(|killing| *killing).await;
    }

    /// The call that the operator is to die at has come to that point.
    pub fn kill(&self) {
        self.killing.send_replace(true);
    }

    /// What becomes of a call.
    pub fn fate(&self, call: Call) -> Fate {
        self.fate_at(call, Instant::now())
    }

    fn fate_at(&self, call: Call, now: Instant) -> Fate {
        let mut state = self.lock();
        let fate = match state.plan {
            Plan::Kill { at, after } if call.writes => {
                let nth = state.seen;
                state.seen += 1;
                match nth {
                    nth if nth < at => Fate::Pass,
                    nth if nth == at && after => Fate::KillAfter,
                    // Nothing that was on its way beside the one gets through either.
                    _ => Fate::KillBefore,
                }
            }
            Plan::Fail { system, at, fault, lasting } if call.system == system => {
                let nth = state.seen;
                state.seen += 1;
                if nth == at {
                    state.until = Some(now + lasting);
                }
                let strikes = nth == at || state.until.is_some_and(|until| now < until);
                if strikes { Fate::Fail(fault) } else { Fate::Pass }
            }
            Plan::Outage(system) if call.system == system => Fate::Fail(Fault::Reset),
            Plan::Clean | Plan::Kill { .. } | Plan::Fail { .. } | Plan::Outage(_) => Fate::Pass,
        };
        if fate != Fate::Pass && state.struck.is_none() {
            state.struck = Some(call);
        }
        fate
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(system: System, writes: bool) -> Call {
        Call { system, what: "it".into(), writes }
    }

    #[test]
    fn one_write_kills_and_nothing_follows() {
        let script = Script::default();
        for (after, fatal) in [(false, Fate::KillBefore), (true, Fate::KillAfter)] {
            script.set(Plan::Kill { at: 1, after });
            let fates: Vec<_> = [(true, Fate::Pass), (false, Fate::Pass), (true, fatal), (true, Fate::KillBefore)]
                .into_iter()
                .map(|(writes, expected)| (script.fate(call(System::S3, writes)), expected))
                .collect();
            assert!(fates.iter().all(|(fate, expected)| fate == expected), "{fates:?}");
            assert_eq!(script.struck(), Some(call(System::S3, true)));
        }
    }

    #[test]
    fn a_fault_strikes_its_system_at_its_call_and_as_long_as_it_lasts() {
        let (script, start) = (Script::default(), Instant::now());
        let lasting = Duration::from_mins(1);
        script.set(Plan::Fail { system: System::S3, at: 1, fault: Fault::Reset, lasting });
        let fate = |system, seconds| script.fate_at(call(system, false), start + Duration::from_secs(seconds));
        assert_eq!(fate(System::S3, 0), Fate::Pass);
        assert_eq!(fate(System::Postgres, 0), Fate::Pass);
        assert_eq!(fate(System::S3, 0), Fate::Fail(Fault::Reset));
        assert_eq!(fate(System::Postgres, 1), Fate::Pass);
        assert_eq!(fate(System::S3, 59), Fate::Fail(Fault::Reset));
        assert_eq!(fate(System::S3, 61), Fate::Pass);
    }

    #[test]
    fn a_plan_is_forgotten_with_the_next() {
        let script = Script::default();
        script.set(Plan::Outage(System::Keycloak));
        assert_eq!(script.fate(call(System::Keycloak, false)), Fate::Fail(Fault::Reset));
        script.set(Plan::Clean);
        assert_eq!(script.fate(call(System::Keycloak, true)), Fate::Pass);
        assert_eq!(script.struck(), None);
    }
}
