//! What came of each step.

use std::fmt;
use std::time::{Duration, Instant};

use super::output::Counts;
use crate::error::{Error, Result};

/// What came of one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It did what it should.
    Done(Counts),
    /// It did all but something that cannot be done here, which is no failure anywhere.
    DoneBut(String),
    /// It cannot run on this machine.
    Skipped(String),
    /// It failed.
    Failed(String),
    /// Tests ran, and at least one run of them failed.
    TestsFailed(Counts, String),
}

impl Outcome {
    const fn counts(&self) -> Option<&Counts> {
        match self {
            Self::Done(counts) | Self::TestsFailed(counts, _) => Some(counts),
            Self::DoneBut(_) | Self::Skipped(_) | Self::Failed(_) => None,
        }
    }

    const fn failed(&self) -> bool {
        matches!(self, Self::Failed(_) | Self::TestsFailed(..))
    }
}

struct Row {
    name: String,
    time: Duration,
    outcome: Outcome,
}

impl fmt::Display for Row {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.outcome {
            Outcome::Done(_) | Outcome::DoneBut(_) => "ok",
            Outcome::Skipped(_) => "skipped",
            Outcome::Failed(_) | Outcome::TestsFailed(..) => "FAILED",
        };
        write!(out, "{:<16} {word:<8} {:>6.1} s", self.name, self.time.as_secs_f32())?;
        match self.outcome.counts().filter(|counts| **counts != Counts::default()) {
            Some(counts) => write!(out, " {:>7} {:>7}", counts.passed, counts.failed),
            None => Ok(()),
        }
    }
}

/// The table of a run.
pub struct Report {
    rows: Vec<Row>,
    begun: Instant,
}

impl Report {
    /// An empty one.
    pub fn new() -> Self {
        Self { rows: Vec::new(), begun: Instant::now() }
    }

    /// Adds a step that began at `begun` and ends now, and says so: not every run comes to its table.
    pub fn add(&mut self, name: &str, begun: Instant, outcome: Outcome) {
        let row = Row { name: name.into(), time: begun.elapsed(), outcome };
        eprintln!("== {row}");
        self.rows.push(row);
    }

    /// Prints the table, the skips with their reasons, what was not checked, and the line that tells it all.
    pub fn print(&self) {
        println!("\n{:<16} {:<8} {:>8} {:>7} {:>7}", "step", "", "time", "passed", "failed");
        for row in &self.rows {
            println!("{row}");
        }
        println!("{:<16} {:<8} {:>6.1} s\n", "all", "", self.begun.elapsed().as_secs_f32());
        for row in &self.rows {
            match &row.outcome {
                Outcome::Failed(reason) | Outcome::TestsFailed(_, reason) => println!("FAILED {}: {reason}", row.name),
                Outcome::Skipped(reason) => println!("SKIPPED {}: {reason}", row.name),
                Outcome::DoneBut(what) => println!("NOT CHECKED {}: {what}", row.name),
                Outcome::Done(_) => {}
            }
            for failure in row.outcome.counts().into_iter().flat_map(|counts| &counts.failures) {
                println!("  {}", clipped(failure));
            }
            for skipped in row.outcome.counts().into_iter().flat_map(|counts| &counts.skipped) {
                println!("SKIPPED {skipped}");
            }
        }
        let total = self.total();
        println!("{} passed, {} failed", total.passed, total.failed);
    }

    fn total(&self) -> Counts {
        let mut total = Counts::default();
        for counts in self.rows.iter().filter_map(|row| row.outcome.counts()) {
            total.add(counts.clone());
        }
        // For the test runner a test that skips itself has passed.
        total.passed = total.passed.saturating_sub(total.skipped.len());
        total
    }

    /// Whether the run as a whole is good; a skip is not where `strict`.
    pub fn verdict(&self, strict: bool) -> Result<()> {
        let failed: Vec<&str> =
            self.rows.iter().filter(|row| row.outcome.failed()).map(|row| row.name.as_str()).collect();
        if !failed.is_empty() {
            return Err(Error::Usage(format!("failed: {}", failed.join(", "))));
        }
        let skips = self.rows.iter().filter(|row| matches!(row.outcome, Outcome::Skipped(_))).count()
            + self.total().skipped.len();
        if strict && skips > 0 {
            return Err(Error::Usage(format!("{skips} skipped, and with CI=true nothing may be")));
        }
        Ok(())
    }
}

/// Enough to know what it is about; the whole is in the output above.
fn clipped(text: &str) -> String {
    const MOST: usize = 400;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{} [...]", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(outcomes: impl IntoIterator<Item = Outcome>) -> Report {
        let mut report = Report::new();
        for outcome in outcomes {
            report.add("step", Instant::now(), outcome);
        }
        report
    }

    #[test]
    fn a_skip_is_a_failure_only_in_ci() {
        let counts = Counts { passed: 3, failed: 0, skipped: vec!["a: b".into()], ..Counts::default() };
        for skipped in [Outcome::Done(counts), Outcome::Skipped("no root".into())] {
            let report = report([skipped]);
            assert!(report.verdict(false).is_ok());
            assert!(report.verdict(true).is_err());
        }
    }

    #[test]
    fn what_cannot_be_checked_anywhere_is_no_failure() {
        let report = report([Outcome::DoneBut("the advisories".into())]);
        assert!(report.verdict(false).is_ok() && report.verdict(true).is_ok());
    }

    #[test]
    fn a_failure_is_one_everywhere() {
        let failed = Outcome::TestsFailed(Counts::default(), "does not compile".into());
        for outcome in [failed, Outcome::Failed("x".into())] {
            assert!(report([Outcome::Done(Counts::default()), outcome]).verdict(false).is_err());
        }
    }

    #[test]
    fn what_is_long_is_cut_between_letters() {
        assert_eq!(clipped("short"), "short");
        assert!(clipped(&"ä".repeat(500)).ends_with("ä [...]"));
    }

    #[test]
    fn a_skipped_test_did_not_pass() {
        let counts = |skipped: usize| Counts {
            passed: 3,
            failed: 1,
            skipped: vec!["a: b".into(); skipped],
            ..Counts::default()
        };
        let report = report([Outcome::Done(counts(1)), Outcome::TestsFailed(counts(0), "x".into())]);
        assert_eq!((report.total().passed, report.total().failed), (5, 2));
    }
}
