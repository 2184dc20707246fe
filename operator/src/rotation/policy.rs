//! What a spec, annotations and the configuration say.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use kube::{Resource, ResourceExt};
use plexica_backends::{Generation, digest};
use plexica_crds::{Plugin, Reason, Tenant, label::ROTATE, tenant::RotationSpec};

use crate::{problem::Problem, settings::Settings};

/// How soon a generation is looked at again that ought to have ended.
const HELD: SignedDuration = SignedDuration::from_secs(10);

/// When credentials are to be replaced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// After how long by themselves, if at all.
    pub interval: Option<SignedDuration>,
    /// How long those before go on working.
    pub overlap: SignedDuration,
    /// Digests of what people asked for.
    pub requests: BTreeSet<String>,
}

/// What is to be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Nothing.
    Nothing,
    /// The next generation takes over.
    Rotate,
    /// The one before it ends.
    End,
}

impl Policy {
    /// That of a tenant, for its own credentials.
    ///
    /// # Errors
    /// What in its spec cannot be.
    pub fn of_tenant(tenant: &Tenant, settings: &Settings) -> Result<Self, Problem> {
        let requests = asked(tenant);
        let Some(RotationSpec { interval, overlap }) = &tenant.spec.rotation else {
            return Ok(Self { interval: None, overlap: settings.rotation_overlap, requests });
        };
        let interval = interval.as_ref().map(|text| duration("interval", text)).transpose()?;
        let overlap = duration("overlap", overlap)?;
        if interval.is_some_and(|interval| interval <= overlap) {
            let why = "spec.rotation.interval must be longer than spec.rotation.overlap: the one before must have ended when the next comes.";
            return Err(Problem::new(Reason::InvalidSpec, why));
        }
        Ok(Self { interval, overlap, requests })
    }

    /// That of a `Shared` plugin: what is asked of any version counts, since all sign in alike. For the
    /// same reason, and as no tenant can speak for the others, the interval is the platform's.
    pub fn of_plugin<'a>(entries: impl Iterator<Item = &'a Plugin>, settings: &Settings) -> Self {
        let requests = entries.flat_map(asked).collect();
        Self { interval: settings.rotation_interval, overlap: settings.rotation_overlap, requests }
    }

    /// What is due for the generation in force, of what was made at `born`. One generation ends before
    /// the next begins: only two are ever good.
    pub fn due(&self, generation: &Generation, born: Option<Timestamp>, now: Timestamp) -> Due {
        if generation.previous {
            let over = self.until(generation).is_none_or(|until| until <= now);
            return if over { Due::End } else { Due::Nothing };
        }
        let asked = !self.requests.is_subset(&generation.requests);
        let old = self.aged(generation, born).is_some_and(|at| at <= now);
        if asked || old { Due::Rotate } else { Due::Nothing }
    }

    /// Until when the generation before is good.
    pub fn until(&self, generation: &Generation) -> Option<Timestamp> {
        generation.rotated_at.filter(|_| generation.previous)?.checked_add(self.overlap).ok()
    }

    /// When something is due next, if nobody asks for anything.
    fn next(&self, generation: &Generation, born: Option<Timestamp>) -> Option<Timestamp> {
        if generation.previous { self.until(generation) } else { self.aged(generation, born) }
    }

    /// When to look again: when something is due next, or soon at a generation that ought to have ended and still
    /// has to wait for those who use it.
    pub fn look_again(&self, generation: &Generation, born: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
        match self.due(generation, born, now) {
            Due::End => now.checked_add(HELD).ok(),
            Due::Rotate | Due::Nothing => self.next(generation, born).filter(|at| *at > now),
        }
    }

    fn aged(&self, generation: &Generation, born: Option<Timestamp>) -> Option<Timestamp> {
        generation.rotated_at.or(born)?.checked_add(self.interval?).ok()
    }
}

/// A value may be long, and is nobody's business.
fn asked<K: Resource>(object: &K) -> BTreeSet<String> {
    object.annotations().get(ROTATE).filter(|value| !value.is_empty()).map(digest).into_iter().collect()
}

fn duration(field: &str, text: &str) -> Result<SignedDuration, Problem> {
    let read = text.parse::<SignedDuration>().ok().filter(SignedDuration::is_positive);
    read.ok_or_else(|| {
        let why = format!("spec.rotation.{field} {text:?} is not a duration such as 720h or 1h30m.");
        Problem::new(Reason::InvalidSpec, why)
    })
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
