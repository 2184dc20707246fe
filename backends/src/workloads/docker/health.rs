//! Whether a plugin is well: asked as a cluster's probes ask it.

use std::{collections::HashMap, time::Duration};

use plexica_contract::path::HEALTH;
use url::Url;

/// How often each is asked.
pub(super) const PERIOD: Duration = Duration::from_secs(5);
/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(3);
/// Who was not well for a minute is started again.
const FAILURES: u32 = 12;

/// Asks plugins.
#[derive(Clone, Debug)]
pub(super) struct Health(reqwest::Client);

impl Health {
    pub fn new() -> Result<Self, reqwest::Error> {
        Ok(Self(reqwest::Client::builder().timeout(TIMEOUT).no_proxy().build()?))
    }

    /// Whether it is well, or what it says instead.
    pub async fn check(&self, endpoint: &Url) -> Result<(), String> {
        let url = endpoint.join(HEALTH).map_err(|error| error.to_string())?;
        match self.0.get(url).send().await {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => Err(format!("HTTP {}", answer.status().as_u16())),
            Err(error) if error.is_timeout() => Err(format!("nothing within {} s", TIMEOUT.as_secs())),
            // Nobody listens there, or an engine's own proxy of the port finds nobody.
            Err(_) => Err("no answer".into()),
        }
    }
}

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

/// How each was last, by id.
#[derive(Debug, Default)]
pub(super) struct Pulses(HashMap<String, Pulse>);

#[derive(Clone, Copy, Debug, Default)]
struct Pulse {
    well: bool,
    failures: u32,
}

impl Pulses {
    /// Forgets those that are not among them.
    pub fn keep(&mut self, ids: &[&str]) {
        self.0.retain(|id, _| ids.contains(&id.as_str()));
    }

    /// Takes note of what one was found to be.
    pub fn take(&mut self, id: &str, well: bool) -> Verdict {
        let pulse = self.0.entry(id.to_owned()).or_default();
        let changed = std::mem::replace(&mut pulse.well, well) != well;
        pulse.failures = if well { 0 } else { pulse.failures + 1 };
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

    #[test]
    fn only_a_minute_of_failures_is_too_long() {
        let mut pulses = Pulses::default();
        assert_eq!(pulses.take("a", true), Verdict::Changed, "seen for the first time");
        assert_eq!(pulses.take("a", true), Verdict::Same);
        assert_eq!(pulses.take("a", false), Verdict::Changed);
        for _ in 2..FAILURES {
            assert_eq!(pulses.take("a", false), Verdict::Same);
        }
        assert_eq!(pulses.take("a", true), Verdict::Changed, "just in time");
        assert_eq!(pulses.take("a", false), Verdict::Changed);
        for _ in 2..FAILURES {
            assert_eq!(pulses.take("a", false), Verdict::Same);
        }
        assert_eq!(pulses.take("a", false), Verdict::Restart);
        assert_eq!(pulses.take("a", false), Verdict::Same, "it has a minute again");
        assert_eq!(PERIOD * FAILURES, Duration::from_mins(1));
    }

    #[test]
    fn each_has_its_own() {
        let mut pulses = Pulses::default();
        for _ in 1..FAILURES {
            assert_eq!(pulses.take("a", false), Verdict::Same);
        }
        assert_eq!(pulses.take("b", false), Verdict::Same);
        pulses.keep(&["b"]);
        assert_eq!(pulses.take("a", false), Verdict::Same, "another of that id");
    }
}
