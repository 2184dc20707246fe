//! What has to be there before a service takes requests.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

/// A set of gates; the service is ready while all of them are open.
#[derive(Clone, Debug, Default)]
pub struct Readiness(Arc<Mutex<Vec<Gate>>>);

impl Readiness {
    /// Adds a gate, closed at first.
    #[must_use]
    pub fn gate(&self, name: &'static str) -> Gate {
        let gate = Gate { name, open: Arc::default() };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(gate.clone());
        gate
    }

    /// Names of the gates that are closed: empty means ready.
    pub fn waiting_for(&self) -> Vec<&'static str> {
        let gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        gates.iter().filter(|gate| !gate.is_open()).map(|gate| gate.name).collect()
    }
}

/// One thing that has to be there.
#[derive(Clone, Debug)]
pub struct Gate {
    name: &'static str,
    open: Arc<AtomicBool>,
}

impl Gate {
    /// It is there.
    pub fn open(&self) {
        self.open.store(true, Ordering::Release);
    }

    /// It is gone.
    pub fn close(&self) {
        self.open.store(false, Ordering::Release);
    }

    /// Whether it is there.
    pub fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire)
    }
}
