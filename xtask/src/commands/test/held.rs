//! The parts that run for the steps: each from the first step that wants it to the last.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::output::Counts;
use super::packages;
use super::report::{Outcome, Report};
use super::step::Step;
use crate::cache::{Cache, Lock};
use crate::error::{Error, Result};
use crate::parts::{self, Part, Tier};
use crate::state::Owner;

/// What this run has started, or has found and keeps others from stopping.
pub struct Held<'a> {
    cache: &'a Cache,
    parts: Vec<(Part, Lock)>,
    tried: BTreeSet<String>,
}

impl<'a> Held<'a> {
    /// Nothing yet.
    pub fn new(cache: &'a Cache) -> Self {
        Self { cache, parts: Vec::new(), tried: BTreeSet::new() }
    }

    /// Installs and starts what the step wants. What cannot run here is reported once and left out.
    pub fn start(&mut self, step: Step, report: &mut Report, interrupted: &AtomicBool) {
        let wanted: Vec<Part> = Part::ALL.into_iter().filter(|part| step.wants(*part)).collect();
        let new: Vec<Part> = wanted.into_iter().filter(|part| self.tried.insert(part.to_string())).collect();
        if new.is_empty() {
            return;
        }
        eprintln!("\n== set-up for {}", step.name());
        packages::install(new.contains(&Part::Kubernetes(Tier::T2)), new.contains(&Part::Docker));
        for part in new {
            if interrupted.load(Ordering::Relaxed) {
                break;
            }
            let begun = Instant::now();
            let started =
                parts::hold(part, self.cache).and_then(|lock| parts::up(part, self.cache, Owner::Test).map(|_| lock));
            let outcome = match started {
                Ok(lock) => {
                    self.parts.push((part, lock));
                    Outcome::Done(Counts::default())
                }
                Err(error @ (Error::Unsupported(_) | Error::MissingProgram { .. })) => {
                    Outcome::Skipped(error.to_string())
                }
                Err(error) => Outcome::Failed(error.to_string()),
            };
            report.add(&part.to_string(), begun, outcome);
        }
    }

    /// Starts a part anew that earlier tests have left something in, unless others use it as well.
    pub fn renew(&mut self, step: Step) -> Result<()> {
        let Some(at) = self.parts.iter().position(|(part, _)| step.wants_anew(*part)) else { return Ok(()) };
        let (part, lock) = self.parts.remove(at);
        drop(lock);
        parts::release(part, self.cache)?;
        self.parts.push((part, parts::hold(part, self.cache)?));
        parts::up(part, self.cache, Owner::Test).map(drop)
    }

    /// Stops what none of the steps to come wants, unless another's tests use it.
    pub fn keep_for(&mut self, steps: &[Step]) {
        let wanted = |part: Part| {
            let needs = |held: Part| held == part || held.needs() == Some(part);
            Part::ALL.into_iter().any(|held| needs(held) && steps.iter().any(|step| step.wants(held)))
        };
        let (kept, done): (Vec<_>, Vec<_>) = self.parts.drain(..).partition(|(part, _)| wanted(*part));
        self.parts = kept;
        for (part, lock) in done.into_iter().rev() {
            drop(lock);
            if let Err(error) = parts::release(part, self.cache) {
                eprintln!("{part} may still run: {error}");
            }
        }
    }
}
