//! What came of an install's parts when it goes, in conditions. Pure.

use plexica_crds::{ConditionType, Conditions, PluginInstallStatus, Reason};

use crate::{
    problem::Problem,
    resource::{Fate, Parted, WAITS, settled},
};

/// A part of an install, by the name that people give up on it with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartName {
    /// What runs.
    Workload,
    /// Its schema and logins.
    Database,
}

impl PartName {
    /// In the order in which they go.
    pub const ALL: [Self; 2] = [Self::Workload, Self::Database];

    /// As people write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Workload => "workload",
            Self::Database => "database",
        }
    }

    /// Where it is told: what holds the data is what migrations made.
    const fn condition(self) -> ConditionType {
        match self {
            Self::Workload => ConditionType::WorkloadReady,
            Self::Database => ConditionType::Migrated,
        }
    }
}

/// How far the removal of an install has come.
#[derive(Clone, Debug, Default)]
pub struct Departure {
    /// What holds it up; nothing means that it can go.
    pub holding: Option<Problem>,
    /// The parts that were looked at.
    pub parts: Vec<Parted<PartName>>,
}

impl Departure {
    /// The parts that were given up, and are as they were.
    pub fn given_up(&self) -> Vec<&'static str> {
        let given_up = self.parts.iter().filter(|parted| matches!(parted.fate, Ok(Fate::Abandoned { .. })));
        given_up.map(|parted| parted.part.as_str()).collect()
    }

    /// What came of the route, which went first, and of each part.
    pub fn tell(&self, last: &PluginInstallStatus, conditions: &mut Conditions) {
        conditions.set_false(ConditionType::Routed, Reason::Removed, "no request is let through.");
        for part in PartName::ALL {
            let before = last.conditions.iter().find(|condition| condition.type_ == part.condition().as_str());
            let (reason, message) = match self.parts.iter().find(|parted| parted.part == part) {
                Some(parted) => parted.told(before),
                None => settled(before).unwrap_or_else(|| self.untouched()),
            };
            conditions.set_false(part.condition(), reason, message);
        }
    }

    fn untouched(&self) -> (Reason, String) {
        match self.holding {
            None => (Reason::Gone, "it never had any.".into()),
            Some(_) => (Reason::Deleting, WAITS.into()),
        }
    }
}

#[cfg(test)]
#[path = "departure_tests.rs"]
mod tests;
