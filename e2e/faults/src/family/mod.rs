//! Ways to break it, one per file.

mod call_error;
mod crash;
mod mutation;
mod outage;

use std::fmt;

use clap::ValueEnum;
use rand::{SeedableRng, rngs::StdRng};

use crate::{
    check,
    world::{Operator, Violation, World},
};

/// A way to break it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Family {
    /// The operator is killed before and after every write.
    Crash,
    /// Calls to the systems fail, in every way.
    CallError,
    /// A system is down for a while.
    Outage,
    /// Specs change at random.
    Mutation,
}

impl Family {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Crash, Self::CallError, Self::Outage, Self::Mutation];

    /// As it is named on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Crash => "crash",
            Self::CallError => "call-error",
            Self::Outage => "outage",
            Self::Mutation => "mutation",
        }
    }

    /// Tries to break it.
    pub async fn run(self, world: &World, effort: Effort) -> Row {
        let mut row = Row { family: self, tried: 0, violations: Vec::new() };
        match self {
            Self::Crash => crash::run(world, effort, &mut row).await,
            Self::CallError => call_error::run(world, effort, &mut row).await,
            Self::Outage => outage::run(world, effort, &mut row).await,
            Self::Mutation => mutation::run(world, effort, &mut row).await,
        }
        row
    }
}

/// How much is tried.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// A sample, for minutes; everything otherwise.
    pub quick: bool,
    /// What the sample is drawn with.
    pub seed: u64,
}

impl Effort {
    fn random(self) -> StdRng {
        StdRng::seed_from_u64(self.seed)
    }
}

/// What came of a family.
#[derive(Clone, Debug)]
pub struct Row {
    /// Which.
    pub family: Family,
    /// Points at which something was done to the operator.
    pub tried: usize,
    /// What must not have been.
    pub violations: Vec<String>,
}

impl Row {
    /// When all tenants have gone nothing may be left of them, and the log says nothing unexpected.
    async fn end(&mut self, world: &World, mut operator: Operator, expected: check::Expectation) {
        operator.kill();
        self.note("the end", check::no_orphans(world).await);
        self.note("the end", check::log(world, expected));
    }

    /// Notes a finding, with where it was.
    fn note(&mut self, at: impl fmt::Display, finding: Result<(), Violation>) -> bool {
        match finding {
            Ok(()) => true,
            Err(violation) => {
                eprintln!("VIOLATION {} at {at}: {violation}", self.family.name());
                self.violations.push(format!("{at}: {violation}"));
                false
            }
        }
    }
}
