//! Everything that has to be true of this repository, with its own set-up.

mod chart;
mod custom_schemas;
mod deny;
mod held;
mod output;
mod packages;
mod report;
mod room;
mod schemas;
mod selection;
mod step;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use signal_hook::consts::{SIGINT, SIGTERM};

use crate::cache::Cache;
use crate::cargo::{Workspace, is_ci};
use crate::error::{Error, Result};

use held::Held;
use report::{Outcome, Report};
pub use step::Step;

/// Runs the steps, all of them when none is named, and prints what came of each.
pub fn run(cache: &Cache, workspace: &Workspace, only: &[Step], arguments: &[String]) -> Result<()> {
    let chosen = |step: &Step| only.is_empty() || only.contains(step);
    let steps: Vec<Step> = Step::ALL.into_iter().filter(chosen).collect();
    if is_ci() {
        room::make(workspace)?;
    }
    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // The running step gets the signal too and ends; what was started is stopped after it.
        signal_hook::flag::register(signal, Arc::clone(&interrupted))
            .map_err(|source| Error::Unsupported(format!("cannot watch signals: {source}")))?;
    }
    let mut report = Report::new();
    let mut held = Held::new(cache);
    for (at, &step) in steps.iter().enumerate() {
        held.keep_for(&steps[at..]);
        if !interrupted.load(Ordering::Relaxed) {
            if let Err(error) = held.renew(step) {
                report.add(step.name(), Instant::now(), Outcome::Failed(error.to_string()));
                continue;
            }
            held.start(step, &mut report, &interrupted);
        }
        if interrupted.load(Ordering::Relaxed) {
            report.add(step.name(), Instant::now(), Outcome::Failed("interrupted".into()));
            continue;
        }
        eprintln!("\n== {}", step.name());
        let begun = Instant::now();
        let outcome = step.run(cache, workspace, arguments);
        report.add(step.name(), begun, outcome);
    }
    held.keep_for(&[]);
    report.print();
    report.verdict(is_ci())
}
