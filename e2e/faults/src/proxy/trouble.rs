//! When which system was disturbed: it explains what is complained about then.

use std::{collections::HashMap, time::Duration};

use k8s_openapi::jiff::Timestamp;

use super::fault::{PAUSE, System};

/// So long after the last that befell a system may somebody complain of it: a call that stands still does so for
/// almost that long.
const HEARD: Duration = PAUSE.saturating_add(Duration::from_secs(10));

/// From when to when, one after the other.
#[derive(Clone, Debug, Default)]
pub struct Troubles(HashMap<System, Vec<(Timestamp, Timestamp)>>);

impl Troubles {
    /// A system was disturbed in that time, which is not before what was added.
    pub fn add(&mut self, system: System, (from, to): (Timestamp, Timestamp)) {
        let times = self.0.entry(system).or_default();
        match times.last_mut() {
            Some(last) if from <= last.1 + HEARD => last.1 = last.1.max(to),
            _ => times.push((from, to)),
        }
    }

    /// Whether what is said of a system at that time can come of it.
    pub fn explain(&self, system: System, at: Timestamp) -> bool {
        self.0.get(&system).is_some_and(|times| times.iter().any(|(from, to)| *from <= at && at <= *to + HEARD))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trouble_explains_what_is_said_of_its_system_until_a_moment_later() {
        let at = |second| Timestamp::UNIX_EPOCH + Duration::from_secs(second);
        let mut troubles = Troubles::default();
        for (from, to) in [(1000, 1000), (1010, 1020), (1015, 1016), (5000, 5120)] {
            troubles.add(System::S3, (at(from), at(to)));
        }
        for (second, explained) in [
            (999, false),
            (1000, true),
            (1064, true),
            (1066, false),
            (4999, false),
            (5100, true),
            (5164, true),
            (5166, false),
        ] {
            assert_eq!(troubles.explain(System::S3, at(second)), explained, "{second}");
            assert!(!troubles.explain(System::Keycloak, at(second)));
        }
        assert_eq!(troubles.0[&System::S3].len(), 2);
    }
}
