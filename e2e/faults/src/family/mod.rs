//! Ways to break it, one per file.

mod call_error;
mod crash;
mod lanes;
mod mutation;
mod optional;
mod outage;
mod peace;
mod row;
mod scale;
mod share;
mod stale;

use clap::ValueEnum;
use plexica_testkit::Missing;
use rand::{SeedableRng, rngs::StdRng};

pub use peace::InPeace;
pub use row::Row;
pub use share::Share;

use crate::world::Platform;

/// A way to break it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Family {
    /// The operator is killed before and after every write.
    Crash,
    /// Calls to the systems fail, in every way.
    CallError,
    /// A system is down for a while.
    Outage,
    /// Watches bring changes late, twice or not at all, and nobody knows who leads.
    Stale,
    /// Specs change at random.
    Mutation,
    /// There are very many.
    Scale,
}

impl Family {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Crash, Self::CallError, Self::Outage, Self::Stale, Self::Mutation, Self::Scale];

    /// As it is named on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Crash => "crash",
            Self::CallError => "call-error",
            Self::Outage => "outage",
            Self::Stale => "stale",
            Self::Mutation => "mutation",
            Self::Scale => "scale",
        }
    }

    /// Tries to break it, and compares what comes of that with lives in peace.
    ///
    /// # Errors
    /// The part that does not run.
    pub async fn run(self, effort: Effort, in_peace: &InPeace) -> Result<Row, Missing> {
        let mut row = Row::new(self);
        match self {
            Self::Crash => crash::run(effort, in_peace, &mut row).await?,
            Self::CallError => call_error::run(effort, in_peace, &mut row).await?,
            Self::Outage => outage::run(effort, in_peace, &mut row).await?,
            Self::Stale => stale::run(effort, in_peace, &mut row).await?,
            Self::Mutation => mutation::run(effort, &mut row).await?,
            Self::Scale => scale::run(effort, &mut row).await?,
        }
        Ok(row)
    }
}

/// How much is tried.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// A sample, for minutes; everything otherwise.
    pub quick: bool,
    /// What the sample is drawn with.
    pub seed: u64,
    /// Worlds at the same time.
    pub lanes: usize,
    /// What worlds stand on.
    pub platform: Platform,
    /// Which part of everything.
    pub share: Share,
    /// What the places of calls that fail hold, if not all of them are tried.
    pub only: &'static [String],
}

impl Effort {
    fn random(self) -> StdRng {
        StdRng::seed_from_u64(self.seed)
    }
}
