//! What came of a family.

use std::fmt;

use super::Family;
use crate::{
    check,
    world::{Operator, Violation, World, fails},
};

/// What came of a family.
#[derive(Clone, Debug)]
pub struct Row {
    /// Which.
    pub family: Family,
    /// Points at which something was done to the operator.
    pub tried: usize,
    /// Points that did not come and need not.
    pub untried: usize,
    /// What must not have been.
    pub violations: Vec<String>,
}

impl Row {
    /// Nothing was tried yet.
    pub const fn new(family: Family) -> Self {
        Self { family, tried: 0, untried: 0, violations: Vec::new() }
    }

    /// Notes a finding, with where it was; whether there was none.
    pub fn note(&mut self, at: impl fmt::Display, finding: Result<(), Violation>) -> bool {
        match finding {
            Ok(()) => true,
            Err(violation) => {
                eprintln!("VIOLATION {} at {at}: {violation}", self.family.name());
                self.violations.push(format!("{at}: {violation}"));
                false
            }
        }
    }

    /// A point did not come, which need not be a violation: there may be a reason for it.
    pub fn missed(&mut self, at: impl fmt::Display, reason: Option<&str>, lives: usize) {
        if let Some(reason) = reason {
            eprintln!("{}: not tried: {at}: {reason}", self.family.name());
            self.untried += 1;
        } else {
            self.note(at, fails(format!("in {lives} lives it did not come")));
        }
    }

    /// When all tenants have gone nothing may be left of them, and the logs say nothing that nothing explains.
    pub async fn end(&mut self, world: &World, mut operator: Operator) {
        if self.violations.is_empty() && operator.runs() {
            let ended = world.converges("no plugin runs any more", async || {
                let left = operator.plugins();
                if left == 0 { Ok(()) } else { Err(format!("{left} processes")) }
            });
            self.note("the end", ended.await);
        }
        operator.kill();
        self.note("the end", check::no_orphans(world).await);
        self.note("the end", check::no_neighbour_touched(world).await);
        self.note("the end", world.told.goes_on());
        self.note("the end", check::log(world).await);
        if !self.violations.is_empty()
            && let Some(kept) = world.keep_log()
        {
            eprintln!("the operators' log: {}", kept.display());
        }
    }

    /// Takes in what came of another lane.
    pub fn join(&mut self, other: Self) {
        self.tried += other.tried;
        self.untried += other.untried;
        self.violations.extend(other.violations);
    }
}
