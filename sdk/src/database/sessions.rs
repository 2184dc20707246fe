//! Which of the pool's sessions are too old to be asked for a role again.
//!
//! A session of Postgres keeps the list of roles that its login is a member of until any role
//! changes (`roles_is_member_of`, `src/backend/utils/adt/acl.c`). A grant that is committed while
//! the list is made discards the one of before and not this one: the session refuses the granted
//! role from then on, for as long as no role changes. Another session knows better.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// A role that really is not granted must not have every request of its tenant reconnect all of
/// the plugin's sessions.
const PAUSE: Duration = Duration::from_secs(10);

/// The sessions opened before the last refusal that counted are not used again.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    renewed: Mutex<Option<Instant>>,
}

impl Sessions {
    /// Whether a session that was opened then may still be used.
    pub(super) fn may_use(&self, opened: Option<Instant>) -> bool {
        match *self.renewed.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(renewed) => opened.is_some_and(|opened| opened >= renewed),
            None => true,
        }
    }

    /// Now, a session refused a role to a transaction that was begun at `begun`: whether there is
    /// a session to be had that may know better.
    pub(super) fn refused(&self, begun: Instant, now: Instant) -> bool {
        let mut renewed = self.renewed.lock().unwrap_or_else(PoisonError::into_inner);
        match *renewed {
            Some(renewed) if renewed > begun => true,
            Some(renewed) if now.saturating_duration_since(renewed) < PAUSE => false,
            _ => {
                *renewed = Some(now);
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn who_is_refused_gets_a_session_of_after() {
        let (sessions, start) = (Sessions::default(), Instant::now());
        assert!(sessions.may_use(Some(start)));
        assert!(sessions.refused(start, start + SECOND));
        assert!(!sessions.may_use(Some(start)));
        assert!(!sessions.may_use(None), "opened before there was a clock to tell");
        assert!(sessions.may_use(Some(start + SECOND)));
    }

    #[test]
    fn who_was_refused_beside_another_asks_again_as_well() {
        let (sessions, start) = (Sessions::default(), Instant::now());
        assert!(sessions.refused(start, start + SECOND));
        assert!(sessions.refused(start, start + 2 * SECOND));
        assert!(sessions.may_use(Some(start + SECOND)), "renewed once for both");
    }

    #[test]
    fn who_is_refused_again_and_again_has_sessions_renewed_every_ten_seconds() {
        let (sessions, start) = (Sessions::default(), Instant::now());
        assert!(sessions.refused(start, start));
        for second in 1..10 {
            let now = start + second * SECOND;
            assert!(!sessions.refused(now, now), "{second}");
        }
        assert!(sessions.may_use(Some(start)));
        assert!(sessions.refused(start + PAUSE, start + PAUSE));
        assert!(!sessions.may_use(Some(start)));
    }
}
