//! Decides what becomes of each call, and remembers what was called.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use k8s_openapi::jiff::Timestamp;
use tokio::sync::watch;

use super::{
    call::{At, Call, Failing, Shape},
    fault::{Fate, Fault, Outage, System},
    trouble::Troubles,
};

/// What is to happen, counted from the moment it is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Nothing.
    Clean,
    /// Nothing, and every call is remembered.
    Record,
    /// The operator is killed at a write.
    Kill {
        /// Which.
        at: At,
        /// Whether the write is done.
        after: bool,
    },
    /// These fail.
    Fail(Vec<Failing>),
    /// No call to the system is answered.
    Outage(System, Outage),
    /// Watches that begin from now on bring events late, twice or not at all, drawn with this seed.
    Stale(u64),
}

impl Plan {
    /// The system that it disturbs as long as it is in force, whatever is called.
    const fn disturbs(&self) -> Option<System> {
        match self {
            Self::Outage(system, _) => Some(*system),
            Self::Stale(_) => Some(System::Kubernetes),
            Self::Clean | Self::Record | Self::Kill { .. } | Self::Fail(_) => None,
        }
    }
}

#[derive(Debug)]
struct State {
    plan: Plan,
    since: Timestamp,
    seen: usize,
    /// Of calls of which one is to fail, how many there were.
    alike: HashMap<Shape, usize>,
    /// Of those that are to fail and have begun to, by their place in the plan.
    until: HashMap<usize, Instant>,
    struck: Option<Call>,
    calls: Vec<Call>,
    passed: HashMap<System, Instant>,
}

impl From<Plan> for State {
    fn from(plan: Plan) -> Self {
        let since = Timestamp::now();
        Self {
            plan,
            since,
            seen: 0,
            alike: HashMap::new(),
            until: HashMap::new(),
            struck: None,
            calls: Vec::new(),
            passed: HashMap::new(),
        }
    }
}

/// Shared by all proxies of a world.
#[derive(Clone, Debug)]
pub struct Script {
    state: Arc<Mutex<State>>,
    troubles: Arc<Mutex<Troubles>>,
    killing: Arc<watch::Sender<bool>>,
    down: Arc<watch::Sender<Option<(System, Outage)>>>,
}

impl Default for Script {
    fn default() -> Self {
        let state = State::from(Plan::Clean);
        Self {
            state: Arc::new(Mutex::new(state)),
            troubles: Arc::default(),
            killing: Arc::default(),
            down: Arc::default(),
        }
    }
}

impl Script {
    /// Sets what is to happen from now on, and forgets what did: the first call until now that did not simply
    /// go through.
    pub fn set(&self, plan: Plan) -> Option<Call> {
        let down = if let Plan::Outage(system, outage) = plan { Some((system, outage)) } else { None };
        let before = std::mem::replace(&mut *self.lock(), State::from(plan));
        if let Some(system) = before.plan.disturbs() {
            self.disturbed(system, before.since);
        }
        self.killing.send_replace(false);
        self.down.send_replace(down);
        before.struck
    }

    /// What was disturbed by plans that are over, and by those calls that have failed.
    pub fn troubles(&self) -> Troubles {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A call failed that nothing was to happen to.
    pub fn failed(&self, system: System) {
        self.disturbed(system, Timestamp::now());
    }

    fn disturbed(&self, system: System, since: Timestamp) {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner).add(system, (since, Timestamp::now()));
    }

    /// What was to fail and has not been called yet.
    pub fn missed(&self) -> Vec<Failing> {
        let state = self.lock();
        let Plan::Fail(all) = &state.plan else { return Vec::new() };
        let missed = all.iter().enumerate().filter(|(nth, _)| !state.until.contains_key(nth));
        missed.map(|(_, one)| one.clone()).collect()
    }

    /// When the last of what has begun to fail goes through again, or did.
    pub fn over(&self) -> Option<Instant> {
        self.lock().until.values().max().copied()
    }

    /// When the first call to that system went through.
    pub fn passed(&self, system: System) -> Option<Instant> {
        self.lock().passed.get(&system).copied()
    }

    /// What a watch that begins now is disturbed with, if it is: another seed for each.
    pub fn seed_of_watch(&self) -> Option<u64> {
        let mut state = self.lock();
        let Plan::Stale(seed) = state.plan else { return None };
        state.seen += 1;
        Some(seed.wrapping_add(state.seen as u64))
    }

    /// All calls since recording began.
    pub fn calls(&self) -> Vec<Call> {
        self.calls_after(0)
    }

    /// All calls since recording began but so many that were read before.
    pub fn calls_after(&self, read: usize) -> Vec<Call> {
        self.lock().calls.get(read..).map(<[Call]>::to_vec).unwrap_or_default()
    }

    /// Comes back when the operator is to be killed.
    pub async fn killing(&self) {
        let mut killing = self.killing.subscribe();
        // An error means that the script is gone, and the world with it.
        let _gone = killing.wait_for(|killing| *killing).await;
    }

    /// Passes a connection on until that system is down, and ends it: at once, or when the system is back
    /// and has forgotten it. An error of the connection is what the script wanted, or a client that went.
    pub async fn pass(&self, system: System, connection: impl Future) {
        let mut connection = std::pin::pin!(connection);
        let mut down = self.down.subscribe();
        let is_down = |down: &Option<(System, Outage)>| down.is_some_and(|(whose, _)| whose == system);
        // Errors mean that the script is gone, and the world with it.
        tokio::select! {
            biased;
            _gone = down.wait_for(is_down) => {}
            _ended = connection.as_mut() => return,
        }
        let silent = |down: &Option<(System, Outage)>| *down == Some((system, Outage::Silent));
        let _gone = down.wait_for(|down| !silent(down)).await;
    }

    /// The call that the operator is to die at has come to that point.
    pub fn kill(&self) {
        self.killing.send_replace(true);
    }

    /// What becomes of a call.
    pub fn fate(&self, call: Call) -> Fate {
        let system = call.system;
        let fate = self.fate_at(call, Instant::now());
        if matches!(fate, Fate::Fail(_)) {
            self.disturbed(system, Timestamp::now());
        }
        fate
    }

    fn fate_at(&self, call: Call, now: Instant) -> Fate {
        let mut state = self.lock();
        let State { plan, since: _, seen, alike, until, struck, calls, passed } = &mut *state;
        let fate = match plan {
            // Nothing that was on its way beside the one gets through either.
            Plan::Kill { .. } if call.writes && struck.is_some() => Fate::Hold,
            Plan::Kill { at, after } if call.writes && at.counts(&call) => {
                *seen += 1;
                match (*seen > at.nth(), *after) {
                    (false, _) => Fate::Pass,
                    (true, true) => Fate::KillAfter,
                    (true, false) => Fate::KillBefore,
                }
            }
            Plan::Fail(all) => {
                let of_system = || all.iter().enumerate().filter(|(_, one)| one.call.system == call.system);
                let shape = call.shape();
                let before = *alike.entry(shape.clone()).and_modify(|before| *before += 1).or_default();
                let begins = of_system().find(|(_, one)| one.call == shape && one.nth == before);
                if let Some((nth, one)) = begins {
                    until.insert(nth, now + one.lasting);
                }
                let lasts = || {
                    of_system().find(|(nth, one)| {
                        let struck = call.writes || one.fault != Fault::Conflict;
                        struck && until.get(nth).is_some_and(|until| now < *until)
                    })
                };
                begins.or_else(lasts).map_or(Fate::Pass, |(_, one)| Fate::Fail(one.fault))
            }
            Plan::Outage(system, Outage::Closed) if call.system == *system => Fate::Fail(Fault::Reset),
            Plan::Outage(system, Outage::Silent) if call.system == *system => Fate::Hold,
            Plan::Record => {
                calls.push(call.clone());
                Fate::Pass
            }
            Plan::Clean | Plan::Kill { .. } | Plan::Outage(..) | Plan::Stale(_) => Fate::Pass,
        };
        if fate == Fate::Pass {
            passed.entry(call.system).or_insert(now);
        } else if struck.is_none() {
            *struck = Some(call);
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
    use std::time::Duration;

    fn call(system: System, writes: bool) -> Call {
        Call { system, what: "it".into(), writes }
    }

    #[test]
    fn one_write_kills_and_nothing_follows() {
        let script = Script::default();
        for (after, fatal) in [(false, Fate::KillBefore), (true, Fate::KillAfter)] {
            script.set(Plan::Kill { at: At::Any(1), after });
            let fates: Vec<_> = [(true, Fate::Pass), (false, Fate::Pass), (true, fatal), (true, Fate::Hold)]
                .into_iter()
                .map(|(writes, expected)| (script.fate(call(System::S3, writes)), expected))
                .collect();
            assert!(fates.iter().all(|(fate, expected)| fate == expected), "{fates:?}");
            assert_eq!(script.set(Plan::Clean), Some(call(System::S3, true)));
        }
    }

    #[test]
    fn a_write_is_known_by_its_shape_and_by_how_many_were_like_it() {
        let put = |what: &str| Call { what: what.into(), ..call(System::S3, true) };
        let recorded = ["PUT /t-81", "PUT /", "PUT /t-82"].map(put);
        let each = At::each(&recorded);
        let is = each.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(is, ["S3 PUT /* (0)", "S3 PUT / (0)", "S3 PUT /* (1)"]);
        let script = Script::default();
        script.set(Plan::Kill { at: each[2].clone(), after: true });
        for (what, expected) in [
            ("PUT /", Fate::Pass),
            ("PUT /t-9999", Fate::Pass),
            ("PUT /t-7777", Fate::KillAfter),
            ("PUT /", Fate::Hold),
        ] {
            assert_eq!(script.fate(put(what)), expected, "{what}");
        }
    }

    #[test]
    fn a_fault_strikes_its_system_at_its_call_and_as_long_as_it_lasts() {
        let (script, start) = (Script::default(), Instant::now());
        let lasting = Duration::from_mins(1);
        let it = call(System::S3, false).shape();
        let failing = |fault, nth, lasting| Failing { call: it.clone(), writes: false, nth, fault, lasting };
        let of_keycloak = Failing {
            call: call(System::Keycloak, true).shape(),
            writes: true,
            nth: 0,
            fault: Fault::TooMany,
            lasting: Duration::ZERO,
        };
        script.set(Plan::Fail(vec![failing(Fault::Reset, 0, lasting), of_keycloak.clone()]));
        let other = Call { what: "other".into(), ..call(System::S3, false) };
        let fate = |call: Call, seconds| script.fate_at(call, start + Duration::from_secs(seconds));
        assert_eq!(fate(other.clone(), 0), Fate::Pass);
        assert_eq!(fate(call(System::Postgres, false), 0), Fate::Pass);
        assert_eq!(fate(call(System::S3, false), 0), Fate::Fail(Fault::Reset));
        assert_eq!(fate(call(System::Postgres, false), 1), Fate::Pass);
        assert_eq!(fate(other.clone(), 59), Fate::Fail(Fault::Reset));
        assert_eq!(fate(other, 61), Fate::Pass);
        assert_eq!(fate(call(System::S3, false), 62), Fate::Pass);
        assert_eq!(script.over(), Some(start + lasting));
        assert_eq!(script.missed(), [of_keycloak]);
        assert_eq!(fate(call(System::Keycloak, true), 2), Fate::Fail(Fault::TooMany), "whatever befalls others");
        assert_eq!((fate(call(System::Keycloak, true), 2), script.missed()), (Fate::Pass, vec![]));

        for nth in 0..3 {
            script.set(Plan::Fail(vec![failing(Fault::Reset, nth, Duration::ZERO)]));
            let fails = [0, 1, 2].map(|second| fate(call(System::S3, false), second) != Fate::Pass);
            assert_eq!(fails, [nth == 0, nth == 1, nth == 2], "once, after those that were like it");
        }

        script.set(Plan::Fail(vec![failing(Fault::Conflict, 0, lasting)]));
        assert_eq!(fate(call(System::S3, false), 0), Fate::Fail(Fault::Conflict));
        assert_eq!(fate(call(System::S3, false), 1), Fate::Pass, "who reads conflicts with nobody");
        assert_eq!(fate(call(System::S3, true), 2), Fate::Fail(Fault::Conflict));
    }

    #[tokio::test]
    async fn a_connection_ends_with_its_system_or_hangs_until_it_is_back() {
        let script = Script::default();
        script.set(Plan::Outage(System::S3, Outage::Closed));
        let never = std::future::pending::<()>;
        script.pass(System::S3, never()).await;
        script.pass(System::Keycloak, std::future::ready(())).await;
        script.set(Plan::Outage(System::S3, Outage::Silent));
        let mut hanging = std::pin::pin!(script.pass(System::S3, never()));
        assert!(futures::poll!(hanging.as_mut()).is_pending());
        script.set(Plan::Clean);
        hanging.await;
    }

    #[test]
    fn what_was_disturbed_is_not_forgotten_with_the_plan() {
        let script = Script::default();
        let explained = || System::ALL.map(|system| script.troubles().explain(system, Timestamp::now()));
        script.set(Plan::Kill { at: At::Any(0), after: false });
        script.fate(call(System::S3, true));
        script.set(Plan::Outage(System::Keycloak, Outage::Silent));
        assert_eq!(explained(), [false; 4], "who is killed says nothing, and what goes on is not over");
        let it = Failing {
            call: call(System::Postgres, false).shape(),
            writes: false,
            nth: 0,
            fault: Fault::Delay,
            lasting: Duration::ZERO,
        };
        script.set(Plan::Fail(vec![it]));
        assert_eq!(explained(), [false, true, false, false]);
        script.fate(call(System::Postgres, false));
        script.set(Plan::Stale(1));
        script.set(Plan::Clean);
        assert_eq!(explained(), [true, true, false, true]);
    }

    #[test]
    fn a_plan_is_forgotten_with_the_next() {
        let script = Script::default();
        for (outage, fate) in [(Outage::Closed, Fate::Fail(Fault::Reset)), (Outage::Silent, Fate::Hold)] {
            script.set(Plan::Outage(System::Keycloak, outage));
            assert_eq!(script.fate(call(System::Keycloak, false)), fate);
        }
        assert_eq!(script.passed(System::Keycloak), None);
        script.set(Plan::Clean);
        assert_eq!(script.fate(call(System::Keycloak, true)), Fate::Pass);
        assert!(script.passed(System::Keycloak).is_some());
        assert_eq!(script.set(Plan::Clean), None);
    }
}
